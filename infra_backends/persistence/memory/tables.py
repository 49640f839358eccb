"""The rows and their indexes. Whoever calls holds the lock."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

from accounts.audit import AuditLog
from accounts.entities import ScoreRecord
from cards.entities import Card, CardRequest
from financial_api.kernel.clock import iso
from financial_api.kernel.keys import Key
from infra_backends.persistence.memory.index import Index
from notifications.entities import InboundMessage, Notification, PendingApproval
from outbox.entities import Event
from transactions.entities import Transaction

ALL = "*"
"""The partition of an index that holds every row."""


def due_key(event: Event) -> str:
    """Return the place of an unsent event in its shard: next retry, number, id."""
    return f"{iso(event.next_retry_at)}#{event.sequence_number:012d}#{event.event_id}"


def place(moment: datetime, identifier: str) -> str:
    """Return the place of a row in an index by time; of one moment, by id."""
    return f"{iso(moment)}#{identifier}"


def id_at(place: str) -> str:
    """Return the id of the row at a place that `place` gave."""
    return place.partition("#")[2]


class Tables:
    """Everything the store holds."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows: dict[Any, Any] = {}
        self.card_ids = Index()
        self.request_ids = Index()
        self.request_owners: dict[str, str] = {}
        self.requests_by_code = Index()
        self.transaction_ids = Index()
        self.score_ids = Index()
        self.audit_ids = Index()
        self.event_ids = Index()
        self.unsent_events = Index()
        self.notifications_by_entity = Index()
        self.notifications_by_retry = Index()
        self.messages_by_sender = Index()
        self.approvals_by_expiry = Index()

    def get(self, key: Any) -> Any:
        return self.rows.get(key)

    def put(self, row: Any) -> None:
        """Store a row in place of the one under its key, if any, and index it."""
        key = key_of(row)
        previous = self.rows.get(key)
        if previous is not None:
            self._unindex(previous)
        self.rows[key] = row
        self._index(row)

    def delete(self, key: Any) -> None:
        self._unindex(self.rows.pop(key))

    def keys_of(self, kind: type) -> list[Any]:
        return [key for key, row in self.rows.items() if isinstance(row, kind)]

    def _index(self, row: Any) -> None:
        for index, partition, key in self._entries(row):
            index.add(partition, key)
        if isinstance(row, CardRequest):
            self.request_owners[row.request_id] = row.ecosystem_id

    def _unindex(self, row: Any) -> None:
        for index, partition, key in self._entries(row):
            index.discard(partition, key)
        if isinstance(row, CardRequest):
            self.request_owners.pop(row.request_id, None)

    def _entries(self, row: Any) -> Iterator[tuple[Index, Any, str]]:
        if isinstance(row, Card):
            yield self.card_ids, row.ecosystem_id, row.card_id
        elif isinstance(row, CardRequest):
            yield self.request_ids, row.status, row.request_id
            yield self.request_ids, ALL, row.request_id
            yield self.requests_by_code, row.short_code, row.request_id
        elif isinstance(row, Transaction):
            yield self.transaction_ids, row.card_id, row.transaction_id
            yield self.transaction_ids, (row.card_id, row.type), row.transaction_id
        elif isinstance(row, ScoreRecord):
            yield self.score_ids, row.ecosystem_id, row.score_id
        elif isinstance(row, AuditLog):
            yield self.audit_ids, (row.target_type, row.target_id), row.log_id
            yield self.audit_ids, row.admin_ecosystem_id, row.log_id
        elif isinstance(row, Event):
            for partition in (ALL, row.status, row.entity, (row.entity, row.status)):
                yield self.event_ids, partition, row.event_id
            if row.is_unsent:
                yield self.unsent_events, row.shard, due_key(row)
        else:
            yield from self._entries_of_messages(row)

    def _entries_of_messages(self, row: Any) -> Iterator[tuple[Index, Any, str]]:
        if isinstance(row, Notification):
            entity = (row.related_entity_type, row.related_entity_id)
            yield self.notifications_by_entity, entity, place(row.created_at, row.notification_id)
            retry = place(row.next_retry_at, row.notification_id)
            yield self.notifications_by_retry, row.delivery_status, retry
        elif isinstance(row, InboundMessage) and row.sender_phone is not None:
            received = place(row.received_at, row.message_id)
            yield self.messages_by_sender, row.sender_phone, received
        elif isinstance(row, PendingApproval):
            expiry = place(row.expires_at, row.request_id)
            yield self.approvals_by_expiry, row.approval_status, expiry


_KEYS: dict[type, Callable[[Any], Any]] = {
    Transaction: lambda row: (Transaction, row.transaction_id),
    ScoreRecord: lambda row: (ScoreRecord, row.score_id),
    AuditLog: lambda row: (AuditLog, row.log_id),
}


def key_of(row: Any) -> Key[Any] | tuple[type, str]:
    """Return what a row is stored under; records that no one reads by key have one of their own."""
    key_for = _KEYS.get(type(row), attrgetter("key"))
    key: Key[Any] | tuple[type, str] = key_for(row)
    return key

"""What is stored in which table, under which key, and with which attributes for its indexes."""

import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from accounts import entities as accounts
from accounts.audit import AuditLog
from cards import entities as cards
from financial_api.kernel.cleanup import CleanupKey, CleanupState
from financial_api.kernel.clock import iso
from financial_api.kernel.idempotency import IdempotencyKey, IdempotencyRecord
from infra_backends.aws import tables
from infra_backends.persistence.dynamodb.items import Item, ItemMapping, is_key, number, text
from notifications import entities as notifications
from outbox import entities as outbox
from outbox.rules import SENT_KEPT_FOR
from transactions import entities as transactions

E = TypeVar("E")

LISTING_SHARDS = 4
"""The shards of the indexes by time and by status, which only lists and chores read.

It may only grow.
"""
EVERY_STATUS = "all"
"""What the partitions of an index by time have in place of a status."""


class Kind(Generic[E]):
    """One kind of thing: its table, its items, its key, and what else its items hold.

    `key` takes the thing or its `Key` and returns the values of the table's key; `extras` returns
    attributes that only indexes and expiry need. `guard` is what every change of it moves;
    `renamed` gives attributes of another name than their fields'.
    """

    def __init__(
        self,
        table: tables.Table,
        entity: type[E],
        key: Callable[[Any], tuple[str, ...]],
        extras: Callable[[E], Mapping[str, Any]] = lambda _: {},
        guard: str = "version",
        **renamed: str,
    ) -> None:
        self.table = table
        self.key = key
        self.guard = guard
        self._extras = extras
        of_indexes = (name for index in table.indexes for name in index.key)
        self.items = ItemMapping(entity, {*table.key, *of_indexes, table.expiry}, **renamed)

    def key_item(self, named: Any) -> Item:
        """Return the key of a thing, or of the thing that a `Key` names, as an item."""
        return dict(zip(self.table.key, map(text, self.key(named)), strict=True))

    def may_exist(self, named: Any) -> bool:
        return all(map(is_key, self.key(named)))

    def to_item(self, entity: E) -> Item:
        return self.items.to_item(entity) | self.key_item(entity) | dict(self._extras(entity))


def listing_partition(status: str, shard: int) -> str:
    """Return the partition of an index by status, or by time, that a shard is."""
    return f"{status}#{shard}"


def pending_partition(shard: int) -> str:
    """Return the partition of the pending index that a shard of the outbox is."""
    return f"pending#{shard}"


def card_partition(ecosystem_id: str, card_id: str) -> str:
    return f"{ecosystem_id}#{card_id}"


def entity_partition(entity_type: str, entity_id: str) -> str:
    return f"{entity_type}#{entity_id}"


def by_type(transaction_type: str, transaction_id: str = "") -> str:
    """Return the place of a transaction among its card's of a type; without id, of the first."""
    return f"{transaction_type}#{transaction_id}"


def _sharded(status: str, identifier: str) -> dict[str, str]:
    return text(listing_partition(status, zlib.crc32(identifier.encode()) % LISTING_SHARDS))


def _listed(status: str, identifier: str) -> Item:
    return {
        "statusShard": _sharded(status, identifier),
        "listShard": _sharded(EVERY_STATUS, identifier),
    }


def _request_extras(request: cards.CardRequest) -> Item:
    return _listed(request.status, request.request_id) | {"shortCode": text(request.short_code)}


def _event_extras(event: outbox.Event) -> Item:
    extras = _listed(event.status, event.event_id)
    extras["entityKey"] = text(entity_partition(*event.entity))
    if event.is_unsent:
        due_at = f"{iso(event.next_retry_at)}#{event.sequence_number:012d}#{event.event_id}"
        extras |= {"pendingShard": text(pending_partition(event.shard)), "dueAt": text(due_at)}
    if event.status is outbox.EventStatus.SENT and event.sent_at is not None:
        extras["expiresAtEpochSeconds"] = _epoch(event.sent_at + SENT_KEPT_FOR)
    return extras


def _notification_extras(one: notifications.Notification) -> Item:
    entity = entity_partition(one.related_entity_type, one.related_entity_id)
    return {
        "relatedEntityKey": text(entity),
        "deliveryShard": _sharded(one.delivery_status, one.notification_id),
    }


def _approval_extras(approval: notifications.PendingApproval) -> Item:
    """Only what waits for an answer expires, and only that is in the index."""
    if approval.approval_status is not notifications.ApprovalStatus.PENDING:
        return {}
    return {"statusShard": _sharded(approval.approval_status, approval.request_id)}


def _epoch(moment: Any) -> dict[str, str]:
    return number(math.ceil(moment.timestamp()))


USERS = Kind(
    tables.USERS,
    accounts.User,
    lambda user: (user.ecosystem_id,),
    subject="firebaseUid",
)
SCORES = Kind(
    tables.SCORES,
    accounts.ScoreRecord,
    lambda score: (score.ecosystem_id, f"{iso(score.timestamp)}#{score.score_id}"),
)
CARDS = Kind(tables.CARDS, cards.Card, lambda card: (card.ecosystem_id, card.card_id))
CARD_REQUESTS = Kind(
    tables.CARD_REQUESTS,
    cards.CardRequest,
    lambda request: (request.ecosystem_id, request.request_id),
    _request_extras,
)
TRANSACTIONS = Kind(
    tables.TRANSACTIONS,
    transactions.Transaction,
    lambda one: (card_partition(one.ecosystem_id, one.card_id), one.transaction_id),
    lambda one: {"typeTransactionId": text(by_type(one.type, one.transaction_id))},
)
IDEMPOTENCY_RECORDS = Kind(
    tables.IDEMPOTENCY,
    IdempotencyRecord,
    lambda record: (record.ecosystem_id, record.key_hash),
    lambda record: {"expiresAtEpochSeconds": _epoch(record.expires_at)},
)
EVENTS = Kind(tables.OUTBOX, outbox.Event, lambda event: (event.event_id,), _event_extras)
SEQUENCES = Kind(
    tables.OUTBOX_SEQUENCES,
    outbox.EntitySequence,
    lambda counter: (entity_partition(counter.entity_type, counter.entity_id),),
    guard="lastNumber",
)
LEASES = Kind(
    tables.OUTBOX_SEQUENCES,
    outbox.Lease,
    lambda lease: (entity_partition("lease", str(lease.shard)),),
)
CLEANUP_STATES = Kind(tables.OUTBOX_SEQUENCES, CleanupState, lambda _: ("cleanup",))
AUDIT_LOGS = Kind(
    tables.AUDIT_LOGS,
    AuditLog,
    lambda log: (
        entity_partition(log.target_type, log.target_id),
        f"{iso(log.timestamp)}#{log.log_id}",
    ),
)
NOTIFICATIONS = Kind(
    tables.WHATSAPP_NOTIFICATIONS,
    notifications.Notification,
    lambda one: (one.notification_id,),
    _notification_extras,
)
INBOUND_MESSAGES = Kind(
    tables.WHATSAPP_INBOUND,
    notifications.InboundMessage,
    lambda message: (message.message_id,),
)
PENDING_APPROVALS = Kind(
    tables.PENDING_APPROVALS,
    notifications.PendingApproval,
    lambda approval: (approval.request_id,),
    _approval_extras,
)

KINDS: Mapping[type, Kind[Any]] = {
    accounts.User: USERS,
    accounts.UserKey: USERS,
    accounts.ScoreRecord: SCORES,
    cards.Card: CARDS,
    cards.CardKey: CARDS,
    cards.CardRequest: CARD_REQUESTS,
    cards.CardRequestKey: CARD_REQUESTS,
    transactions.Transaction: TRANSACTIONS,
    IdempotencyRecord: IDEMPOTENCY_RECORDS,
    IdempotencyKey: IDEMPOTENCY_RECORDS,
    outbox.Event: EVENTS,
    outbox.EventKey: EVENTS,
    outbox.EntitySequence: SEQUENCES,
    outbox.SequenceKey: SEQUENCES,
    outbox.Lease: LEASES,
    outbox.LeaseKey: LEASES,
    CleanupState: CLEANUP_STATES,
    CleanupKey: CLEANUP_STATES,
    AuditLog: AUDIT_LOGS,
    notifications.Notification: NOTIFICATIONS,
    notifications.NotificationKey: NOTIFICATIONS,
    notifications.InboundMessage: INBOUND_MESSAGES,
    notifications.InboundMessageKey: INBOUND_MESSAGES,
    notifications.PendingApproval: PENDING_APPROVALS,
    notifications.PendingApprovalKey: PENDING_APPROVALS,
}
"""The kind of each thing that is stored, and of each key."""

"""The batch read, the commit and the purge, each under one lock."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from accounts.entities import ScoreRecord, User
from cards.entities import Card, CardRequest
from financial_api.kernel.cleanup import CleanupState, DeletedCounts
from financial_api.kernel.idempotency import IdempotencyKey, IdempotencyRecord
from financial_api.kernel.keys import Key, Reading
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Aggregate, Commit, SequenceMove
from infra_backends.persistence.memory.repositories import (
    AuditLogs,
    CardRequests,
    Cards,
    Idempotency,
    InboundMessages,
    Notifications,
    Outbox,
    PendingApprovals,
    Transactions,
    Users,
)
from infra_backends.persistence.memory.tables import Tables, key_of
from notifications.entities import InboundMessage, Notification, PendingApproval
from outbox.entities import EntitySequence, EntityType, Event
from transactions.entities import Transaction

PURGED = {
    User: "users",
    Card: "cards",
    CardRequest: "card_requests",
    Transaction: "transactions",
    Event: "events",
    ScoreRecord: "others",
    IdempotencyRecord: "others",
    Notification: "others",
    PendingApproval: "others",
    InboundMessage: "others",
    EntitySequence: "others",
}
"""What a cleanup deletes, in this order, and where it is counted."""


class Backend(PersistenceBackend):
    """Everything is lost when the process ends. `outbox_shards`: of the pending index."""

    shared_between_processes = False

    def __init__(self, *, outbox_shards: int = 8) -> None:
        self._tables = Tables()
        self.users = Users(self._tables)
        self.cards = Cards(self._tables)
        self.card_requests = CardRequests(self._tables)
        self.transactions = Transactions(self._tables)
        self.idempotency = Idempotency(self._tables)
        self.outbox = Outbox(self._tables, outbox_shards)
        self.audit_logs = AuditLogs(self._tables)
        self.notifications = Notifications(self._tables)
        self.inbound_messages = InboundMessages(self._tables)
        self.pending_approvals = PendingApprovals(self._tables)

    def read(self, keys: Sequence[Key[Any]]) -> Reading:
        with self._tables.lock:
            return Reading({key: self._tables.get(key) for key in keys})

    def commit(self, commit: Commit) -> None:
        with self._tables.lock:
            self._check(commit)
            for aggregate in commit.saves:
                self._tables.put(replace(aggregate, version=aggregate.version + 1))
            for move in commit.sequences:
                self._tables.put(move.after)
            for record in commit.adds:
                self._tables.put(record)
            if commit.idempotency is not None:
                self._tables.put(commit.idempotency)

    def purge(self, limit: int, during: CleanupState | None = None) -> DeletedCounts:
        with self._tables.lock:
            if during is not None:
                self._check_version(during)
            for kind, counted_as in PURGED.items():
                keys = [key for key in self._tables.keys_of(kind) if _is_purged(key)][:limit]
                for key in keys:
                    self._tables.delete(key)
                if keys:
                    return DeletedCounts(**{counted_as: len(keys)})
        return DeletedCounts()

    def _check(self, commit: Commit) -> None:
        for aggregate in (*commit.saves, *commit.requires):
            self._check_version(aggregate)
        for move in commit.sequences:
            self._check_sequence(move)
        for record in commit.adds:
            if self._tables.get(key_of(record)) is not None:
                raise ConcurrencyError(f"{type(record).__name__} is already there")
        if commit.idempotency is not None:
            self._check_unanswered(commit.idempotency.key, commit)
        if commit.unless_answered is not None:
            self._check_unanswered(commit.unless_answered, commit)

    def _check_version(self, aggregate: Aggregate) -> None:
        stored = self._tables.get(aggregate.key)
        if (stored.version if stored is not None else 0) != aggregate.version:
            raise ConcurrencyError(f"{type(aggregate).__name__} has moved")

    def _check_sequence(self, move: SequenceMove) -> None:
        stored = self._tables.get(move.before.key)
        if (stored.last_number if stored is not None else 0) != move.before.last_number:
            raise ConcurrencyError("the entity's sequence has moved")

    def _check_unanswered(self, key: IdempotencyKey, commit: Commit) -> None:
        stored = self._tables.get(key)
        if stored is not None and stored.is_live(commit.now):
            raise ConcurrencyError("the key has been answered")


def _is_purged(key: Any) -> bool:
    return getattr(key, "entity_type", None) is not EntityType.SYSTEM

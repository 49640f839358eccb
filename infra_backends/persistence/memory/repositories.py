"""The queries, each one walk along a sorted index."""

from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardKey, CardRequest, CardRequestKey, RequestStatus
from financial_api.kernel.clock import TICK, iso
from financial_api.kernel.idempotency import IdempotencyRecord
from infra_backends.persistence.memory.index import Index
from infra_backends.persistence.memory.tables import ALL, Tables, id_at
from infra_backends.persistence.repositories import (
    MOST_WITH_SHORT_CODE,
    AuditLogRepository,
    CardRepository,
    CardRequestRepository,
    IdempotencyRepository,
    InboundMessageRepository,
    NotificationRepository,
    OutboxRepository,
    Page,
    PendingApprovalRepository,
    Proposal,
    TransactionRepository,
    UserRepository,
)
from notifications.entities import (
    UNDELIVERED,
    ApprovalStatus,
    DeliveryStatus,
    InboundMessage,
    InboundMessageKey,
    Notification,
    NotificationKey,
    PendingApproval,
    PendingApprovalKey,
)
from outbox.entities import UNSENT, Backlog, EntityType, Event, EventKey, EventStatus
from transactions.entities import Transaction, TransactionType

T = TypeVar("T")


class _Repository:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def _page(
        self,
        index: Index,
        partition: Hashable,
        key_of: Callable[[str], Any],
        *,
        after: str | None,
        limit: int,
        ascending: bool = False,
    ) -> Page[Any]:
        with self._tables.lock:
            walk = index.ascending if ascending else index.descending
            ids = walk(partition, after, limit + 1)
            rows = [self._tables.get(key_of(identifier)) for identifier in ids[:limit]]
        return Page(rows, ids[limit - 1] if len(ids) > limit else None)

    def _latest(
        self, index: Index, partition: Hashable, key_of: Callable[[str], Any], limit: int
    ) -> Sequence[Any]:
        """Return the first rows of an index by time, the last first."""
        rows = self._page(
            index, partition, lambda place: key_of(id_at(place)), after=None, limit=limit
        )
        return rows.items

    def _due(
        self,
        index: Index,
        partitions: Collection[Hashable],
        key_of: Callable[[str], Any],
        now: datetime,
        limit: int,
    ) -> Sequence[Any]:
        """Return the first rows of some partitions of an index by time whose time has come."""
        horizon = iso(now + TICK)
        with self._tables.lock:
            first = [index.ascending(partition, None, limit) for partition in partitions]
            due = sorted(place for places in first for place in places if place < horizon)
            return [self._tables.get(key_of(id_at(place))) for place in due[:limit]]


class Users(_Repository, UserRepository):
    def score_history(self, ecosystem_id: str, limit: int) -> Sequence[ScoreRecord]:
        page = self._page(
            self._tables.score_ids,
            ecosystem_id,
            lambda score_id: (ScoreRecord, score_id),
            after=None,
            limit=limit,
        )
        return page.items


class Cards(_Repository, CardRepository):
    def of_user(self, ecosystem_id: str) -> Sequence[Card]:
        with self._tables.lock:
            ids = self._tables.card_ids.descending(ecosystem_id, None, len(self._tables.rows))
            return [self._tables.get(CardKey(ecosystem_id, card_id)) for card_id in ids]


class CardRequests(_Repository, CardRequestRepository):
    def owner_of(self, request_id: str) -> str | None:
        return self._tables.request_owners.get(request_id)

    def with_short_code(self, short_code: str) -> Sequence[CardRequestKey]:
        with self._tables.lock:
            ids = self._tables.requests_by_code.descending(short_code, None, MOST_WITH_SHORT_CODE)
            return [CardRequestKey(self._tables.request_owners[one], one) for one in ids]

    def page(
        self, status: RequestStatus | None, *, oldest_first: bool, after: str | None, limit: int
    ) -> Page[CardRequest]:
        owners = self._tables.request_owners
        return self._page(
            self._tables.request_ids,
            status or ALL,
            lambda request_id: CardRequestKey(owners[request_id], request_id),
            after=after,
            limit=limit,
            ascending=oldest_first,
        )


class Transactions(_Repository, TransactionRepository):
    def page(
        self,
        ecosystem_id: str,
        card_id: str,
        type: TransactionType | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Transaction]:
        return self._page(
            self._tables.transaction_ids,
            (card_id, type) if type else card_id,
            lambda transaction_id: (Transaction, transaction_id),
            after=after,
            limit=limit,
        )


class Idempotency(_Repository, IdempotencyRepository):
    def delete_expired(self, now: datetime, limit: int) -> int:
        with self._tables.lock:
            expired = [
                key
                for key in self._tables.keys_of(IdempotencyRecord)
                if not self._tables.get(key).is_live(now)
            ][:limit]
            for key in expired:
                self._tables.delete(key)
        return len(expired)


class Outbox(_Repository, OutboxRepository):
    def __init__(self, tables: Tables, shards: int) -> None:
        super().__init__(tables)
        self.shards = shards

    def proposals(self, shard: int, due_at: datetime, limit: int) -> Sequence[Proposal]:
        horizon = iso(due_at + TICK)
        with self._tables.lock:
            due = self._tables.unsent_events.ascending(shard, None, limit)
            rows = [
                self._tables.get(EventKey(entry.rpartition("#")[2]))
                for entry in due
                if entry < horizon
            ]
        return [Proposal(row.event_id, row.previous_event_id, row.next_retry_at) for row in rows]

    def backlog(self, shard: int) -> Backlog:
        with self._tables.lock:
            unsent = [row for row in self._unsent() if row.shard == shard]
        return Backlog(len(unsent), min((row.created_at for row in unsent), default=None))

    def delete_sent(self, before: datetime, limit: int) -> int:
        with self._tables.lock:
            sent = self._tables.event_ids.ascending(EventStatus.SENT, None, limit)
            old = [
                EventKey(event_id)
                for event_id in sent
                if self._tables.get(EventKey(event_id)).sent_at < before
            ]
            for key in old:
                self._tables.delete(key)
        return len(old)

    def _unsent(self) -> list[Event]:
        return [
            self._tables.get(EventKey(event_id))
            for status in UNSENT
            for event_id in self._tables.event_ids.ascending(status, None, len(self._tables.rows))
        ]

    def oldest_unsent(self) -> datetime | None:
        with self._tables.lock:
            return min((row.created_at for row in self._unsent()), default=None)

    def page(
        self,
        status: EventStatus | None,
        entity: tuple[EntityType, str] | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Event]:
        partition: Hashable = (entity, status) if entity and status else entity or status or ALL
        return self._page(self._tables.event_ids, partition, EventKey, after=after, limit=limit)


class AuditLogs(_Repository, AuditLogRepository):
    def page_of_target(
        self, target_type: TargetType, target_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        return self._logs((target_type, target_id), after, limit)

    def page_of_actor(
        self, admin_ecosystem_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        return self._logs(admin_ecosystem_id, after, limit)

    def _logs(self, partition: Hashable, after: str | None, limit: int) -> Page[AuditLog]:
        return self._page(
            self._tables.audit_ids,
            partition,
            lambda log_id: (AuditLog, log_id),
            after=after,
            limit=limit,
        )


class Notifications(_Repository, NotificationRepository):
    def due(self, now: datetime, limit: int) -> Sequence[Notification]:
        index = self._tables.notifications_by_retry
        return self._due(index, UNDELIVERED, NotificationKey, now, limit)

    def with_status(self, status: DeliveryStatus, limit: int) -> Sequence[Notification]:
        return self._latest(self._tables.notifications_by_retry, status, NotificationKey, limit)

    def of_entity(
        self, entity_type: EntityType, entity_id: str, limit: int
    ) -> Sequence[Notification]:
        index = self._tables.notifications_by_entity
        return self._latest(index, (entity_type, entity_id), NotificationKey, limit)


class InboundMessages(_Repository, InboundMessageRepository):
    def of_sender(self, phone: str, limit: int) -> Sequence[InboundMessage]:
        return self._latest(self._tables.messages_by_sender, phone, InboundMessageKey, limit)


class PendingApprovals(_Repository, PendingApprovalRepository):
    def expired(self, now: datetime, limit: int) -> Sequence[PendingApproval]:
        index = self._tables.approvals_by_expiry
        return self._due(index, [ApprovalStatus.PENDING], PendingApprovalKey, now, limit)

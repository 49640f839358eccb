"""The queries, each one walk along a sorted index."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardKey, CardRequest, CardRequestKey, RequestStatus
from financial_api.kernel.clock import TICK, iso
from financial_api.kernel.idempotency import IdempotencyRecord
from infra_backends.persistence.memory.index import Index
from infra_backends.persistence.memory.tables import ALL, Tables
from infra_backends.persistence.repositories import (
    AuditLogRepository,
    CardRepository,
    CardRequestRepository,
    IdempotencyRepository,
    OutboxRepository,
    Page,
    Proposal,
    TransactionRepository,
    UserRepository,
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

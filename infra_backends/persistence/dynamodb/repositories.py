"""The queries, each along a table's sort key or an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardRequest, RequestStatus
from financial_api.kernel.clock import TICK, from_iso, iso
from infra_backends.aws import tables
from infra_backends.persistence.dynamodb import kinds
from infra_backends.persistence.dynamodb.expressions import Selection
from infra_backends.persistence.dynamodb.items import Item
from infra_backends.persistence.dynamodb.kinds import Kind
from infra_backends.persistence.dynamodb.store import Store
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
from outbox.entities import UNSENT, Backlog, EntityType, Event, EventStatus
from transactions.entities import Transaction, TransactionType

E = TypeVar("E")


class _Repository:
    def __init__(self, store: Store) -> None:
        self._store = store

    def _page(
        self,
        kind: Kind[E],
        partition: tuple[str, str],
        *,
        by: str,
        after: str | None,
        limit: int,
        index: str | None = None,
        having: Mapping[str, str] | None = None,
    ) -> Page[E]:
        """Return a page of one partition, the last first, in the order of its sort key `by`."""
        selection = Selection(
            partition=partition,
            sort=None if after is None else (by, "<", after),
            having=having or {},
        )
        found = self._store.query(kind.table, selection, index=index, limit=limit + 1)
        return _page_of(kind, found, by, limit)

    def _listed(
        self,
        kind: Kind[E],
        listing: "_Listing",
        *,
        status: str | None,
        after: str | None = None,
        limit: int,
        ascending: bool = False,
        only: Sequence[str] = (),
    ) -> list[Item]:
        """Return the first items of a status or of all, by their ids; each shard is asked.

        One list of every status is asked, not each status: what moves from one to another in
        between would be seen twice or not at all.
        """
        index, partition = (
            (listing.by_status, "statusShard") if status else (listing.by_time, "listShard")
        )
        by = listing.id
        found: list[Item] = []
        for shard in range(kinds.LISTING_SHARDS):
            name = kinds.listing_partition(status or kinds.EVERY_STATUS, shard)
            selection = Selection(
                partition=(partition, name),
                sort=None if after is None else (by, ">" if ascending else "<", after),
                only=only,
            )
            found += self._store.query(
                kind.table, selection, index=index, ascending=ascending, limit=limit
            )
        found.sort(key=lambda item: _text(item, by), reverse=not ascending)
        return found[:limit]


@dataclass(frozen=True, slots=True)
class _Listing:
    """The indexes that list a kind by its id, and so by time."""

    id: str
    by_time: str
    by_status: str


REQUESTS = _Listing("requestId", "RequestsByTime", "RequestsByStatus")
EVENTS = _Listing("eventId", "EventsByTime", "EventsByStatus")


class Users(_Repository, UserRepository):
    def score_history(self, ecosystem_id: str, limit: int) -> Sequence[ScoreRecord]:
        selection = Selection(partition=("ecosystemId", ecosystem_id))
        found = self._store.query(tables.SCORES, selection, limit=limit)
        return list(map(kinds.SCORES.items.from_item, found))


class Cards(_Repository, CardRepository):
    def of_user(self, ecosystem_id: str) -> Sequence[Card]:
        selection = Selection(partition=("ecosystemId", ecosystem_id))
        found = self._store.query(tables.CARDS, selection)
        return list(map(kinds.CARDS.items.from_item, found))


class CardRequests(_Repository, CardRequestRepository):
    def owner_of(self, request_id: str) -> str | None:
        selection = Selection(partition=("requestId", request_id))
        found = self._store.query(tables.CARD_REQUESTS, selection, index="RequestById", limit=1)
        return _text(found[0], "ecosystemId") if found else None

    def page(
        self, status: RequestStatus | None, *, oldest_first: bool, after: str | None, limit: int
    ) -> Page[CardRequest]:
        found = self._listed(
            kinds.CARD_REQUESTS,
            REQUESTS,
            status=status,
            after=after,
            limit=limit + 1,
            ascending=oldest_first,
        )
        return _page_of(kinds.CARD_REQUESTS, found, "requestId", limit)


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
        partition = ("ecosystemIdCardId", kinds.card_partition(ecosystem_id, card_id))
        if type is None:
            return self._page(
                kinds.TRANSACTIONS, partition, by="transactionId", after=after, limit=limit
            )
        begin = kinds.by_type(type)
        wanted: tuple[str, ...] = ("begins_with", begin)
        if after is not None:
            wanted = ("BETWEEN", begin, _just_below(kinds.by_type(type, after)))
        found = self._store.query(
            tables.TRANSACTIONS,
            Selection(partition=partition, sort=("typeTransactionId", *wanted)),
            index="TransactionsByType",
            limit=limit + 1,
        )
        return _page_of(kinds.TRANSACTIONS, found, "transactionId", limit)


class Idempotency(_Repository, IdempotencyRepository):
    def delete_expired(self, now: datetime, limit: int) -> int:
        return 0


class Outbox(_Repository, OutboxRepository):
    def __init__(self, store: Store, shards: int) -> None:
        super().__init__(store)
        self.shards = shards

    def proposals(self, shard: int, due_at: datetime, limit: int) -> Sequence[Proposal]:
        selection = Selection(
            partition=("pendingShard", kinds.pending_partition(shard)),
            sort=("dueAt", "<", iso(due_at + TICK)),
            only=("eventId", "previousEventId", "nextRetryAt"),
        )
        found = self._store.query(
            tables.OUTBOX, selection, index="PendingEvents", ascending=True, limit=limit
        )
        return [
            Proposal(
                _text(item, "eventId"),
                _text(item, "previousEventId") if "previousEventId" in item else None,
                from_iso(_text(item, "nextRetryAt")),
            )
            for item in found
        ]

    def backlog(self, shard: int) -> Backlog:
        selection = Selection(
            partition=("pendingShard", kinds.pending_partition(shard)), only=("createdAt",)
        )
        unsent = self._store.query(tables.OUTBOX, selection, index="PendingEvents")
        return Backlog(len(unsent), _oldest(unsent))

    def delete_sent(self, before: datetime, limit: int) -> int:
        return 0

    def oldest_unsent(self) -> datetime | None:
        """Ask for the first event of each unsent status: ids sort as the times in them do."""
        first: list[Item] = []
        for status in sorted(UNSENT):
            first += self._listed(
                kinds.EVENTS,
                EVENTS,
                status=status,
                limit=1,
                ascending=True,
                only=("eventId", "createdAt"),
            )
        return _oldest(first)

    def page(
        self,
        status: EventStatus | None,
        entity: tuple[EntityType, str] | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Event]:
        if entity is not None:
            return self._page(
                kinds.EVENTS,
                ("entityKey", kinds.entity_partition(*entity)),
                by="eventId",
                after=after,
                limit=limit,
                index="EventsByEntity",
                having={"status": status} if status else None,
            )
        found = self._listed(kinds.EVENTS, EVENTS, status=status, after=after, limit=limit + 1)
        return _page_of(kinds.EVENTS, found, "eventId", limit)


class AuditLogs(_Repository, AuditLogRepository):
    def page_of_target(
        self, target_type: TargetType, target_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        partition = ("targetKey", kinds.entity_partition(target_type, target_id))
        return self._page(
            kinds.AUDIT_LOGS, partition, by="timestampLogId", after=after, limit=limit
        )

    def page_of_actor(
        self, admin_ecosystem_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        return self._page(
            kinds.AUDIT_LOGS,
            ("adminEcosystemId", admin_ecosystem_id),
            by="timestampLogId",
            after=after,
            limit=limit,
            index="AuditLogsByActor",
        )


def _page_of(kind: Kind[E], found: Sequence[Item], by: str, limit: int) -> Page[E]:
    """Return a page from its items and, if there is another page, one more."""
    items = found[:limit]
    position = _text(items[-1], by) if len(found) > limit else None
    return Page(list(map(kind.items.from_item, items)), position)


def _text(item: Item, attribute: str) -> str:
    value: str = item[attribute]["S"]
    return value


def _oldest(items: Sequence[Item]) -> datetime | None:
    return min((from_iso(_text(item, "createdAt")) for item in items), default=None)


def _just_below(key: str) -> str:
    """Return what sorts before a key and after all others of its length that do.

    BETWEEN includes its ends.
    """
    return key[:-1] + chr(ord(key[-1]) - 1)

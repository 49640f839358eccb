"""The queries, each along a table's sort key or an index."""

from collections.abc import Sequence
from datetime import datetime

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardRequest, CardRequestKey, RequestStatus
from financial_api.kernel.clock import TICK, from_iso, iso
from infra_backends.aws import tables
from infra_backends.persistence.dynamodb import kinds
from infra_backends.persistence.dynamodb.expressions import Selection
from infra_backends.persistence.dynamodb.items import Item
from infra_backends.persistence.dynamodb.queries import (
    Listing,
    Repository,
    first,
    page_of,
    text_of,
)
from infra_backends.persistence.dynamodb.store import Store
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
    Notification,
    PendingApproval,
)
from outbox.entities import UNSENT, Backlog, EntityType, Event, EventStatus
from transactions.entities import Transaction, TransactionType

REQUESTS = Listing("requestId", "RequestsByTime", "RequestsByStatus")
EVENTS = Listing("eventId", "EventsByTime", "EventsByStatus")


class Users(Repository, UserRepository):
    def score_history(self, ecosystem_id: str, limit: int) -> Sequence[ScoreRecord]:
        selection = Selection(partition=("ecosystemId", ecosystem_id))
        found = self._store.query(tables.SCORES, selection, limit=limit)
        return list(map(kinds.SCORES.items.from_item, found))


class Cards(Repository, CardRepository):
    def of_user(self, ecosystem_id: str) -> Sequence[Card]:
        selection = Selection(partition=("ecosystemId", ecosystem_id))
        found = self._store.query(tables.CARDS, selection)
        return list(map(kinds.CARDS.items.from_item, found))


class CardRequests(Repository, CardRequestRepository):
    def owner_of(self, request_id: str) -> str | None:
        selection = Selection(partition=("requestId", request_id))
        found = self._store.query(tables.CARD_REQUESTS, selection, index="RequestById", limit=1)
        return text_of(found[0], "ecosystemId") if found else None

    def with_short_code(self, short_code: str) -> Sequence[CardRequestKey]:
        found = self._store.query(
            tables.CARD_REQUESTS,
            Selection(partition=("shortCode", short_code)),
            index="RequestsByShortCode",
            limit=MOST_WITH_SHORT_CODE,
        )
        return [
            CardRequestKey(text_of(item, "ecosystemId"), text_of(item, "requestId"))
            for item in found
        ]

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
        return page_of(kinds.CARD_REQUESTS, found, "requestId", limit)


class Transactions(Repository, TransactionRepository):
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
        return page_of(kinds.TRANSACTIONS, found, "transactionId", limit)


class Idempotency(Repository, IdempotencyRepository):
    def delete_expired(self, now: datetime, limit: int) -> int:
        return 0


class Outbox(Repository, OutboxRepository):
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
                text_of(item, "eventId"),
                text_of(item, "previousEventId") if "previousEventId" in item else None,
                from_iso(text_of(item, "nextRetryAt")),
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
        return page_of(kinds.EVENTS, found, "eventId", limit)


class AuditLogs(Repository, AuditLogRepository):
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


class Notifications(Repository, NotificationRepository):
    def due(self, now: datetime, limit: int) -> Sequence[Notification]:
        """Ask for what failed before what is pending, so that what moves is not seen twice."""
        due: list[Item] = []
        for status in sorted(UNDELIVERED):
            due += self._of_delivery(status, limit, until=now)
        items = first(due, "nextRetryAt", limit, ascending=True)
        return list(map(kinds.NOTIFICATIONS.items.from_item, items))

    def with_status(self, status: DeliveryStatus, limit: int) -> Sequence[Notification]:
        return list(map(kinds.NOTIFICATIONS.items.from_item, self._of_delivery(status, limit)))

    def _of_delivery(
        self, status: DeliveryStatus, limit: int, until: datetime | None = None
    ) -> list[Item]:
        """Return those of a status, the last tried first; until a time, the longest due first."""
        return self._across_shards(
            kinds.NOTIFICATIONS,
            "NotificationsByDelivery",
            ("deliveryShard", status),
            by="nextRetryAt",
            sort=None if until is None else ("nextRetryAt", "<=", iso(until)),
            limit=limit,
            ascending=until is not None,
        )

    def of_entity(
        self, entity_type: EntityType, entity_id: str, limit: int
    ) -> Sequence[Notification]:
        page = self._page(
            kinds.NOTIFICATIONS,
            ("relatedEntityKey", kinds.entity_partition(entity_type, entity_id)),
            by="createdAt",
            limit=limit,
            index="NotificationsByEntity",
        )
        return page.items


class InboundMessages(Repository, InboundMessageRepository):
    def of_sender(self, phone: str, limit: int) -> Sequence[InboundMessage]:
        page = self._page(
            kinds.INBOUND_MESSAGES,
            ("senderPhone", phone),
            by="receivedAt",
            limit=limit,
            index="MessagesBySender",
        )
        return page.items


class PendingApprovals(Repository, PendingApprovalRepository):
    def expired(self, now: datetime, limit: int) -> Sequence[PendingApproval]:
        found = self._across_shards(
            kinds.PENDING_APPROVALS,
            "ApprovalsByExpiry",
            ("statusShard", ApprovalStatus.PENDING),
            by="expiresAt",
            sort=("expiresAt", "<=", iso(now)),
            limit=limit,
            ascending=True,
        )
        return list(map(kinds.PENDING_APPROVALS.items.from_item, found))


def _oldest(items: Sequence[Item]) -> datetime | None:
    return min((from_iso(text_of(item, "createdAt")) for item in items), default=None)


def _just_below(key: str) -> str:
    """Return what sorts before a key and after all others of its length that do.

    BETWEEN includes its ends.
    """
    return key[:-1] + chr(ord(key[-1]) - 1)

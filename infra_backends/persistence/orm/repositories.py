"""The queries, each one walk along an index, from where the last page ended."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import BooleanField, Count, Min, QuerySet
from django.db.models.expressions import RawSQL

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardRequest, CardRequestKey, RequestStatus
from infra_backends.persistence.orm import models
from infra_backends.persistence.orm.fields import is_id, is_text
from infra_backends.persistence.orm.kinds import (
    AUDIT_LOGS,
    CARD_REQUESTS,
    CARDS,
    EVENTS,
    IDEMPOTENCY_RECORDS,
    INBOUND_MESSAGES,
    NOTIFICATIONS,
    PENDING_APPROVALS,
    SCORE_RECORDS,
    TRANSACTIONS,
)
from infra_backends.persistence.orm.session import reading, writing
from infra_backends.persistence.orm.tables import Table
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

E = TypeVar("E")


def _is_one_of(column: str, statuses: Collection[StrEnum]) -> RawSQL:
    """Return the condition of a partial index, in so many words.

    SQLite compares no parameters with it.
    """
    named = ", ".join(repr(str(status)) for status in sorted(statuses))
    return RawSQL(f"{column} IN ({named})", (), output_field=BooleanField())  # noqa: S611  # an enum's own words


_IS_UNSENT = _is_one_of("status", UNSENT)
_IS_UNDELIVERED = _is_one_of("delivery_status", UNDELIVERED)


def _page(
    table: Table[E],
    by: str,
    *,
    after: str | None = None,
    limit: int | None = None,
    ascending: bool = False,
    **equal: str | None,
) -> Page[E]:
    """Return a page of a table's entities, newest first or ascending, in the order of an id.

    Columns must be `equal` to what is given, unless that is None. Without a limit all are there.
    """
    conditions = {name: value for name, value in equal.items() if value is not None}
    nowhere = after is not None and not is_id(after)
    if nowhere or not all(map(is_text, conditions.values())):
        return Page((), None)
    with reading() as connection:
        entities = table.page(
            connection,
            by,
            equal=conditions,
            after=after,
            limit=None if limit is None else limit + 1,
            ascending=ascending,
        )
    if limit is None or len(entities) <= limit:
        return Page(entities, None)
    return Page(entities[:limit], getattr(entities[limit - 1], by))


def _unsent(**conditions: Any) -> "QuerySet[models.Event]":
    return models.Event.objects.filter(_IS_UNSENT, **conditions)


def _first(table: Table[E], rows: "QuerySet[Any]", limit: int) -> Sequence[E]:
    """Return the entities of a table's first rows, in the order they are asked for in."""
    with reading():
        return [table.rows.from_row(row) for row in rows.values_list(*table.rows.columns)[:limit]]


class Users(UserRepository):
    def score_history(self, ecosystem_id: str, limit: int) -> Sequence[ScoreRecord]:
        return _page(SCORE_RECORDS, "score_id", limit=limit, ecosystem_id=ecosystem_id).items


class Cards(CardRepository):
    def of_user(self, ecosystem_id: str) -> Sequence[Card]:
        return _page(CARDS, "card_id", ecosystem_id=ecosystem_id).items


class CardRequests(CardRequestRepository):
    def owner_of(self, request_id: str) -> str | None:
        if not is_id(request_id):
            return None
        with reading():
            owners = models.CardRequest.objects.filter(request_id=request_id)
            return owners.values_list("ecosystem_id", flat=True).first()

    def with_short_code(self, short_code: str) -> Sequence[CardRequestKey]:
        if not is_text(short_code):
            return ()
        with reading():
            requests = models.CardRequest.objects.filter(short_code=short_code)
            rows: Any = requests.order_by("-request_id")[:MOST_WITH_SHORT_CODE]
            return [CardRequestKey(*row) for row in rows.values_list("ecosystem_id", "request_id")]

    def page(
        self, status: RequestStatus | None, *, oldest_first: bool, after: str | None, limit: int
    ) -> Page[CardRequest]:
        return _page(
            CARD_REQUESTS,
            "request_id",
            after=after,
            limit=limit,
            ascending=oldest_first,
            status=status,
        )


class Transactions(TransactionRepository):
    def page(
        self,
        ecosystem_id: str,
        card_id: str,
        type: TransactionType | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Transaction]:
        if not is_id(card_id):
            return Page((), None)
        return _page(
            TRANSACTIONS,
            "transaction_id",
            after=after,
            limit=limit,
            card_id=card_id,
            type=type,
        )


class Idempotency(IdempotencyRepository):
    def delete_expired(self, now: datetime, limit: int) -> int:
        with writing() as cursor:
            table = IDEMPOTENCY_RECORDS
            until = table.prepared("expires_at", now, cursor.db)
            return table.delete_some(cursor, limit, "expires_at <= %s", [until], by="expires_at")


class Outbox(OutboxRepository):
    def __init__(self, shards: int) -> None:
        self.shards = shards

    def proposals(self, shard: int, due_at: datetime, limit: int) -> Sequence[Proposal]:
        with reading():
            due = _unsent(shard=shard, next_retry_at__lte=due_at)
            rows: Any = due.order_by("next_retry_at", "sequence_number", "event_id")[:limit]
            columns = ("event_id", "previous_event_id", "next_retry_at")
            return [Proposal(*row) for row in rows.values_list(*columns)]

    def backlog(self, shard: int) -> Backlog:
        with reading():
            unsent = _unsent(shard=shard)
            return Backlog(**unsent.aggregate(depth=Count("*"), oldest=Min("created_at")))

    def oldest_unsent(self) -> datetime | None:
        with reading():
            oldest: datetime | None = _unsent().aggregate(oldest=Min("created_at"))["oldest"]
            return oldest

    def delete_sent(self, before: datetime, limit: int) -> int:
        """Look only at the first `limit` that were sent, so that a call costs no more than that."""
        sent = models.Event.objects.filter(status=EventStatus.SENT).order_by("event_id")
        some = models.Event.objects.filter(pk__in=sent.values("pk")[:limit], sent_at__lt=before)
        with writing():
            return some.delete()[0]

    def page(
        self,
        status: EventStatus | None,
        entity: tuple[EntityType, str] | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Event]:
        entity_type, entity_id = entity or (None, None)
        return _page(
            EVENTS,
            "event_id",
            after=after,
            limit=limit,
            status=status,
            entity_type=entity_type,
            entity_id=entity_id,
        )


class AuditLogs(AuditLogRepository):
    def page_of_target(
        self, target_type: TargetType, target_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        return _page(
            AUDIT_LOGS,
            "log_id",
            after=after,
            limit=limit,
            target_type=target_type,
            target_id=target_id,
        )

    def page_of_actor(
        self, admin_ecosystem_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        return _page(
            AUDIT_LOGS,
            "log_id",
            after=after,
            limit=limit,
            admin_ecosystem_id=admin_ecosystem_id,
        )


class Notifications(NotificationRepository):
    def due(self, now: datetime, limit: int) -> Sequence[Notification]:
        due = models.Notification.objects.filter(_IS_UNDELIVERED, next_retry_at__lte=now)
        return _first(NOTIFICATIONS, due.order_by("next_retry_at", "notification_id"), limit)

    def with_status(self, status: DeliveryStatus, limit: int) -> Sequence[Notification]:
        rows = models.Notification.objects.filter(delivery_status=status)
        return _first(NOTIFICATIONS, rows.order_by("-next_retry_at", "-notification_id"), limit)

    def of_entity(
        self, entity_type: EntityType, entity_id: str, limit: int
    ) -> Sequence[Notification]:
        if not is_text(entity_id):
            return ()
        rows = models.Notification.objects.filter(
            related_entity_type=entity_type, related_entity_id=entity_id
        )
        return _first(NOTIFICATIONS, rows.order_by("-created_at", "-notification_id"), limit)


class InboundMessages(InboundMessageRepository):
    def of_sender(self, phone: str, limit: int) -> Sequence[InboundMessage]:
        if not is_text(phone):
            return ()
        rows = models.InboundMessage.objects.filter(sender_phone=phone)
        return _first(INBOUND_MESSAGES, rows.order_by("-received_at", "-message_id"), limit)


class PendingApprovals(PendingApprovalRepository):
    def expired(self, now: datetime, limit: int) -> Sequence[PendingApproval]:
        rows = models.PendingApproval.objects.filter(
            approval_status=ApprovalStatus.PENDING, expires_at__lte=now
        )
        return _first(PENDING_APPROVALS, rows.order_by("expires_at", "request_id"), limit)

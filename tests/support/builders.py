"""Stored things for tests: valid as they come, every field open to another value.

Each takes its moment, which is in its id as well, so that things sort by when they were made.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.audit import AuditAction, AuditLog, TargetType
from accounts.entities import PendingRequest, Role, ScoreRecord, ScoreSource, Tier, User, UserStatus
from cards.approval import PRODUCT_ID
from cards.entities import Card, CardRequest, Decision, DecisionSource, RequestStatus
from financial_api.kernel import ids
from financial_api.kernel.idempotency import KEPT_FOR, IdempotencyKey, IdempotencyRecord
from notifications.entities import (
    InboundAction,
    InboundMessage,
    Notification,
    NotificationKind,
    PendingApproval,
)
from outbox.entities import EntityType, Event, EventType, shard_of
from transactions.entities import Transaction, TransactionType

MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SHARDS = 8
PHONE = "5511987654321"
TEXT = "Café 日本 🚀 e\u0301 'quoted' \"twice\" \\ % _ # ; --\ttab"
"""Text with what stores and their query languages like to stumble over."""


def at(seconds: float) -> datetime:
    """Return the moment so many seconds after `MOMENT`."""
    return MOMENT + timedelta(seconds=seconds)


def an_id(number: int) -> str:
    """Return an id that nothing made by these builders has."""
    return f"0190fa4e-0000-7000-8000-{number:012}"


def a_user(ecosystem_id: str = "user-001", **fields: Any) -> User:
    moment = fields.get("created_at", MOMENT)
    user = User(
        ecosystem_id=ecosystem_id,
        subject=f"subject-of-{ecosystem_id}",
        email=f"{ecosystem_id}@example.com",
        role=Role.USER,
        status=UserStatus.ACTIVE,
        current_score=500,
        created_at=moment,
        updated_at=moment,
        last_login_at=moment,
    )
    return replace(user, **fields)


def a_score_record(
    ecosystem_id: str = "user-001", moment: datetime = MOMENT, **fields: Any
) -> ScoreRecord:
    record = ScoreRecord(
        score_id=ids.new_id(moment),
        ecosystem_id=ecosystem_id,
        value=500,
        previous_value=0,
        delta=500,
        reason="initial_score",
        source=ScoreSource.SYSTEM,
        timestamp=moment,
    )
    return replace(record, **fields)


def a_request(
    ecosystem_id: str = "user-001", moment: datetime = MOMENT, **fields: Any
) -> CardRequest:
    """Return a pending request."""
    request = CardRequest(
        request_id=ids.new_id(moment),
        ecosystem_id=ecosystem_id,
        product_id=PRODUCT_ID,
        status=RequestStatus.PENDING,
        score_at_request=420,
        tier_at_request=Tier.LOW,
        created_at=moment,
        updated_at=moment,
    )
    return replace(request, **fields)


def rejected(request: CardRequest) -> CardRequest:
    decision = Decision(
        outcome=RequestStatus.REJECTED, source=DecisionSource.ADMIN, reason="Income not shown"
    )
    return replace(request, status=RequestStatus.REJECTED, decision=decision)


def a_card(request: CardRequest, moment: datetime = MOMENT, **fields: Any) -> Card:
    """Return the active card that a request led to."""
    card = Card(
        card_id=ids.new_id(moment),
        ecosystem_id=request.ecosystem_id,
        request_id=request.request_id,
        limit=Decimal("5000.00"),
        next_due_date=moment + timedelta(days=30),
        approved_by=DecisionSource.AUTO,
        score_at_approval=500,
        created_at=moment,
        activated_at=moment,
        updated_at=moment,
    )
    return replace(card, **fields)


def a_customer(
    ecosystem_id: str = "user-001", **card_fields: Any
) -> tuple[User, CardRequest, Card]:
    """Return a user, the approved request and the card it led to, at one with each other."""
    request = a_request(ecosystem_id)
    card = a_card(request, **card_fields)
    decision = Decision(
        outcome=RequestStatus.APPROVED, source=DecisionSource.AUTO, approved_limit=card.limit
    )
    approved = replace(
        request, status=RequestStatus.APPROVED, decision=decision, card_id=card.card_id
    )
    return a_user(ecosystem_id, card_summary=card.totals), approved, card


def waiting_for(user: User, request: CardRequest) -> User:
    pending = PendingRequest(request.request_id, request.product_id, request.created_at)
    return replace(user, pending_request=pending)


def a_transaction(card: Card, moment: datetime = MOMENT, **fields: Any) -> Transaction:
    """Return a completed purchase."""
    transaction = Transaction(
        transaction_id=ids.new_id(moment),
        ecosystem_id=card.ecosystem_id,
        card_id=card.card_id,
        type=TransactionType.PURCHASE,
        amount=Decimal("12.50"),
        merchant="Corner Shop",
        timestamp=moment,
    )
    return replace(transaction, **fields)


def an_event(
    number: int = 1,
    moment: datetime = MOMENT,
    *,
    entity: tuple[EntityType, str] = (EntityType.USER, "user-001"),
    **fields: Any,
) -> Event:
    """Return an event that waits to be sent."""
    event = Event(
        event_id=ids.new_id(moment),
        event_type=EventType.USER_CREATED,
        entity_type=entity[0],
        entity_id=entity[1],
        ecosystem_id="user-001",
        sequence_number=number,
        payload={"ecosystemId": "user-001"},
        shard=shard_of(*entity, SHARDS),
        next_retry_at=moment,
        created_at=moment,
    )
    return replace(event, **fields)


def an_audit_log(moment: datetime = MOMENT, **fields: Any) -> AuditLog:
    log = AuditLog(
        log_id=ids.new_id(moment),
        admin_ecosystem_id="admin-001",
        admin_email="admin-001@example.com",
        action=AuditAction.USER_DISABLED,
        target_type=TargetType.USER,
        target_id="user-001",
        reason="Asked for it by phone",
        timestamp=moment,
    )
    return replace(log, **fields)


def an_answer(
    client_key: str = "key-1",
    moment: datetime = MOMENT,
    *,
    ecosystem_id: str = "user-001",
    **fields: Any,
) -> IdempotencyRecord:
    """Return an idempotency record."""
    record = IdempotencyRecord(
        ecosystem_id=ecosystem_id,
        key_hash=IdempotencyKey.of(ecosystem_id, client_key).key_hash,
        fingerprint="0" * 64,
        body=b'{"success":true}',
        created_at=moment,
        expires_at=moment + KEPT_FOR,
    )
    return replace(record, **fields)


def a_notification(moment: datetime = MOMENT, **fields: Any) -> Notification:
    """Return a message to an admin that waits to be sent, from the moment it was made."""
    notification = Notification(
        notification_id=ids.new_id(moment),
        kind=NotificationKind.APPROVAL_REQUEST,
        phone=PHONE,
        text="Card request 1a2b3c4d: y or n?",
        event_id=an_id(1),
        related_entity_type=EntityType.CARD_REQUEST,
        related_entity_id=an_id(2),
        next_retry_at=moment,
        created_at=moment,
        updated_at=moment,
    )
    return replace(notification, **fields)


def a_pending_approval(moment: datetime = MOMENT, **fields: Any) -> PendingApproval:
    """Return a tracker that waits for an answer, for a day."""
    approval = PendingApproval(
        request_id=ids.new_id(moment),
        ecosystem_id="user-001",
        notification_ids=(an_id(1), an_id(2)),
        expires_at=moment + timedelta(days=1),
        created_at=moment,
        updated_at=moment,
    )
    return replace(approval, **fields)


def an_inbound_message(moment: datetime = MOMENT, **fields: Any) -> InboundMessage:
    """Return an admin's answer that approved a request."""
    message = InboundMessage(
        message_id=f"session#false_{PHONE}@c.us_{ids.new_id(moment)}",
        sender_phone=PHONE,
        text="y 1a2b3c4d",
        action=InboundAction.APPROVED,
        request_id=an_id(2),
        received_at=moment,
    )
    return replace(message, **fields)

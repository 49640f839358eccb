"""Everything comes back exactly as it was stored."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.audit import AuditAction, TargetType
from accounts.entities import CardTotals, PendingRequest, Role, ScoreSource, Tier, UserStatus
from cards.entities import CardStatus, Decision, DecisionSource, RequestStatus
from financial_api.kernel.cleanup import CleanupState
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Record
from outbox.entities import EntitySequence, EntityType, EventStatus, EventType, Lease
from tests.support.builders import (
    TEXT,
    a_card,
    a_customer,
    a_request,
    a_score_record,
    a_transaction,
    a_user,
    an_answer,
    an_audit_log,
    an_event,
    an_id,
    at,
)
from tests.support.sameness import assert_same
from tests.support.storing import store, the
from transactions.entities import (
    PaymentStatus,
    ScoreImpact,
    Transaction,
    TransactionStatus,
    TransactionType,
)

LAST_MICROSECOND = datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
NESTED = {
    "amount": Decimal("10.00"),
    "large": Decimal("9999999.99"),
    "small": Decimal("0.01"),
    "count": 3,
    "zero": 0,
    "negative": -50,
    "yes": True,
    "no": False,
    "nothing": None,
    "text": TEXT,
    "empty": "",
    "list": [1, Decimal("2.50"), None, {"deep": [Decimal("0.10"), []]}],
    "mapping": {"empty": {}, "Ünï": "ß", "z": 1, "a": 2},
}

AGGREGATES: dict[str, Any] = {
    "bare user": a_user(),
    "full user": a_user(
        email=f"{'a' * 50}.日本@example.com",
        role=Role.ADMIN,
        status=UserStatus.DISABLED,
        current_score=1000,
        card_summary=CardTotals(1, Decimal("1234.50"), Decimal("9999999.99")),
        pending_request=PendingRequest(an_id(1), "default-credit-card", LAST_MICROSECOND),
        last_rejected_at=at(0.000001),
        updated_at=at(1),
        last_login_at=at(2),
    ),
    "user with score zero": a_user(current_score=0),
    "pending request": a_request(),
    "approved request": a_request(
        status=RequestStatus.APPROVED,
        tier_at_request=Tier.HIGH,
        score_at_request=0,
        decision=Decision(
            outcome=RequestStatus.APPROVED,
            source=DecisionSource.ADMIN,
            approved_limit=Decimal("100.00"),
            reason=TEXT,
        ),
        updated_at=LAST_MICROSECOND,
    ),
    "rejected request": a_request(
        status=RequestStatus.REJECTED,
        decision=Decision(
            outcome=RequestStatus.REJECTED, source=DecisionSource.ADMIN, reason="r" * 500
        ),
    ),
    "bare event": an_event(),
    "full event": an_event(
        7,
        entity=(EntityType.CARD_REQUEST, an_id(1)),
        event_type=EventType.CARD_REQUESTED,
        ecosystem_id="user-002",
        previous_event_id=an_id(2),
        payload=NESTED,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        status=EventStatus.FAILED,
        retry_count=3,
        last_error=TEXT,
        next_retry_at=at(160.5),
        deliveries=("notifications.approval", "notifications.payment"),
    ),
    "sent event": an_event(status=EventStatus.SENT, sent_at=at(0.25)),
    "event without payload": an_event(payload={}),
    "event delivered to none, error empty": an_event(deliveries=(), last_error=""),
    "event of the system": an_event(
        entity=(EntityType.SYSTEM, "cleanup"), ecosystem_id="admin-001"
    ),
    "free lease": Lease(shard=0),
    "held lease": Lease(shard=7, holder="h" * 100, expires_at=LAST_MICROSECOND),
    "bare cleanup state": CleanupState(),
    "full cleanup state": CleanupState(
        running=True, heartbeat_at=at(1), last_token_issued_at=at(-1)
    ),
}


@pytest.mark.parametrize("name", AGGREGATES)
def test_an_aggregate_comes_back_at_version_one(backend: PersistenceBackend, name: str) -> None:
    aggregate = AGGREGATES[name]
    if hasattr(aggregate, "request_id"):
        store(backend, a_user())

    store(backend, aggregate)

    assert_same(the(backend, aggregate.key), replace(aggregate, version=1))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"status": CardStatus.SUSPENDED, "balance": Decimal("4999.99")},
        {"status": CardStatus.CANCELLED, "limit": Decimal("100.00")},
        {"limit": Decimal("9999999.99"), "balance": Decimal("9999999.99")},
        {"approved_by": DecisionSource.ADMIN, "score_at_approval": 0},
        {"next_due_date": LAST_MICROSECOND, "activated_at": at(1), "updated_at": at(2)},
    ],
    ids=lambda fields: ", ".join(fields) or "bare",
)
def test_a_card_comes_back_at_version_one(
    backend: PersistenceBackend, fields: dict[str, Any]
) -> None:
    request = a_request()
    card = a_card(request, **fields)

    store(backend, a_user(), request, card)

    assert_same(the(backend, card.key), replace(card, version=1))


@pytest.mark.parametrize(
    "counter",
    [
        EntitySequence(entity_type=EntityType.CARD, entity_id="c", last_number=1),
        EntitySequence(
            entity_type=EntityType.SCORE,
            entity_id="user-001",
            last_number=2_000_000,
            last_event_id=an_id(2),
        ),
    ],
    ids=["bare", "full"],
)
def test_a_counter_comes_back(backend: PersistenceBackend, counter: EntitySequence) -> None:
    store(backend, counter)

    assert_same(the(backend, counter.key), counter)


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff{}", '{"merchant":"日本"}'.encode(), b"x" * 60_000]
)
def test_an_answer_comes_back_byte_for_byte(backend: PersistenceBackend, body: bytes) -> None:
    answer = an_answer(body=body, expires_at=LAST_MICROSECOND)

    store(backend, answer)

    assert_same(the(backend, answer.key), answer)


IMPACT = ScoreImpact(previous_score=10, new_score=0, delta=-10, reason=PaymentStatus.LATE)


@pytest.mark.parametrize(
    "fields",
    [
        {"merchant": TEXT},
        {"merchant": ""},
        {"amount": Decimal("0.01")},
        {"amount": Decimal("9999999.99")},
        {"status": TransactionStatus.FAILED, "failure_reason": TEXT},
        {
            "type": TransactionType.PAYMENT,
            "merchant": None,
            "payment_status": PaymentStatus.LATE,
            "score_impact": IMPACT,
        },
        {
            "type": TransactionType.PAYMENT,
            "merchant": None,
            "payment_status": PaymentStatus.ON_TIME,
            "score_impact": ScoreImpact(1000, 1000, 0, PaymentStatus.ON_TIME),
        },
        {"timestamp": LAST_MICROSECOND},
    ],
    ids=lambda fields: ", ".join(fields),
)
def test_a_transaction_comes_back(backend: PersistenceBackend, fields: dict[str, Any]) -> None:
    user, request, card = a_customer()
    transaction = a_transaction(card, **fields)

    store(backend, user, request, card, transaction)

    assert_same(_only_transaction(backend, transaction), transaction)


def _only_transaction(backend: PersistenceBackend, like: Transaction) -> Transaction:
    page = backend.transactions.page(like.ecosystem_id, like.card_id, None, after=None, limit=2)
    (transaction,) = page.items
    return transaction


@pytest.mark.parametrize(
    "record",
    [
        a_score_record(),
        a_score_record(
            value=0,
            previous_value=1000,
            delta=-1000,
            reason=TEXT,
            source=ScoreSource.ADMIN,
            source_id="admin-001",
            related_entity_type="transaction",
            related_entity_id=an_id(2),
            timestamp=LAST_MICROSECOND,
        ),
        a_score_record(value=500, previous_value=500, delta=0, reason=""),
    ],
    ids=["bare", "full", "unmoved"],
)
def test_a_score_record_comes_back(backend: PersistenceBackend, record: Record) -> None:
    store(backend, a_user(), record)

    assert_same(list(backend.users.score_history("user-001", 2)), [record])


@pytest.mark.parametrize(
    "log",
    [
        an_audit_log(),
        an_audit_log(
            action=AuditAction.CARD_REQUEST_APPROVED,
            target_ecosystem_id="user-001",
            previous_value={"status": "pending"},
            new_value=NESTED,
            reason=TEXT,
            request_id="r" * 128,
            ip_address="2001:db8:85a3:8d3:1319:8a2e:370:7348",
            user_agent="Mozilla/5.0 " + "x" * 400,
            timestamp=LAST_MICROSECOND,
        ),
        an_audit_log(previous_value={}, new_value={}, ip_address="", user_agent=""),
    ],
    ids=["bare", "full", "empty"],
)
def test_an_audit_log_comes_back(backend: PersistenceBackend, log: Record) -> None:
    store(backend, log)

    page = backend.audit_logs.page_of_target(TargetType.USER, "user-001", after=None, limit=2)

    assert_same(list(page.items), [log])

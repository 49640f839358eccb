"""A change stores every field that can change, also back to nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.entities import CardTotals, PendingRequest, UserStatus
from cards.entities import CardStatus, Decision, DecisionSource, RequestStatus
from financial_api.kernel.cleanup import CleanupState
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from notifications.entities import ApprovalStatus, DeliveryStatus
from outbox.entities import EventStatus, Lease
from tests.support.builders import (
    MOMENT,
    TEXT,
    a_customer,
    a_notification,
    a_pending_approval,
    a_request,
    a_user,
    an_event,
    an_id,
    at,
)
from tests.support.sameness import assert_same
from tests.support.storing import store, the

CHANGES: dict[str, tuple[Any, dict[str, Any]]] = {
    "user": (
        a_user(),
        {
            "status": UserStatus.DISABLED,
            "current_score": 1,
            "card_summary": CardTotals(1, Decimal("0.10"), Decimal("100.00")),
            "pending_request": PendingRequest(an_id(1), "p", MOMENT),
            "last_rejected_at": at(3),
            "updated_at": at(4),
            "last_login_at": at(5),
        },
    ),
    "request": (
        a_request(),
        {
            "status": RequestStatus.REJECTED,
            "decision": Decision(
                outcome=RequestStatus.REJECTED, source=DecisionSource.ADMIN, reason=TEXT
            ),
            "updated_at": at(4),
        },
    ),
    "event": (
        an_event(),
        {
            "status": EventStatus.FAILED,
            "retry_count": 2,
            "last_error": TEXT,
            "next_retry_at": at(20),
            "sent_at": at(21),
            "deliveries": ("one", "two"),
        },
    ),
    "lease": (Lease(shard=0), {"holder": "host-1:4711:é", "expires_at": at(10.000001)}),
    "cleanup state": (
        CleanupState(),
        {"running": True, "heartbeat_at": at(1), "last_token_issued_at": at(2)},
    ),
    "notification": (
        a_notification(),
        {
            "delivery_status": DeliveryStatus.SENT,
            "attempts": 2,
            "last_error": TEXT,
            "next_retry_at": at(60),
            "updated_at": at(61),
            "sent_at": at(62),
        },
    ),
    "pending approval": (
        a_pending_approval(),
        {
            "notification_ids": (an_id(3),),
            "approval_status": ApprovalStatus.EXPIRED,
            "expires_at": at(3),
            "updated_at": at(4),
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_stores_every_field_and_its_undoing_too(
    backend: PersistenceBackend, name: str
) -> None:
    bare, changes = CHANGES[name]
    if name == "request":
        store(backend, a_user())
    store(backend, bare)
    changed = replace(bare, **changes, version=1)

    backend.commit(Commit(now=MOMENT, saves=[changed]))
    after_change = the(backend, bare.key)
    backend.commit(Commit(now=MOMENT, saves=[replace(bare, version=2)]))

    assert_same(after_change, replace(changed, version=2))
    assert_same(the(backend, bare.key), replace(bare, version=3))


def test_a_change_of_a_card_stores_every_field(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card)
    changed = replace(
        card,
        status=CardStatus.SUSPENDED,
        balance=Decimal("0.10"),
        next_due_date=card.next_due_date + timedelta(days=1, microseconds=1),
        updated_at=at(9),
        version=1,
    )

    backend.commit(Commit(now=MOMENT, saves=[changed]))

    assert_same(the(backend, card.key), replace(changed, version=2))

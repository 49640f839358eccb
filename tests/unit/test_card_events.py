"""What cards, requests and transactions tell the world: the payloads, field by field."""

from decimal import Decimal

import pytest

from accounts.callers import Caller
from cards.entities import CardStatus
from cards.events import card_approved, card_rejected, card_requested, card_status_changed
from financial_api.kernel.clock import iso
from tests.unit.building import NOON, a_card, a_request, an_identity
from transactions.entities import PaymentStatus, ScoreImpact, Transaction, TransactionType
from transactions.events import paid, purchased

ADMIN = Caller(an_identity(ecosystem_id="admin-001"))


def place(draft):
    return draft.event_type, draft.entity_type, draft.entity_id, draft.ecosystem_id


def a_transaction(**fields):
    return Transaction(
        **{
            "transaction_id": "transaction-001",
            "ecosystem_id": "user-001",
            "card_id": "card-001",
            "type": TransactionType.PURCHASE,
            "amount": Decimal("12.34"),
            "timestamp": NOON,
        }
        | fields
    )


def test_a_request_is_told():
    draft = card_requested(a_request())
    assert place(draft) == ("card.requested", "cardRequest", "request-001", "user-001")
    assert draft.payload == {
        "requestId": "request-001",
        "ecosystemId": "user-001",
        "productId": "default-credit-card",
        "scoreAtRequest": 450,
        "tierAtRequest": "low",
        "createdAt": iso(NOON),
    }


def test_an_approval_at_once_is_told_without_an_admin():
    draft = card_approved(a_request(), a_card(limit="5000"), None)
    assert place(draft) == ("card.approved", "cardRequest", "request-001", "user-001")
    assert draft.payload == {
        "requestId": "request-001",
        "cardId": "card-001",
        "ecosystemId": "user-001",
        "productId": "default-credit-card",
        "approvedLimit": Decimal(5000),
        "source": "auto",
        "scoreAtApproval": 500,
        "tierAtApproval": "medium",
    }


def test_an_approval_by_an_admin_names_him():
    payload = card_approved(a_request(), a_card(score_at_approval=700), ADMIN).payload
    assert (payload["source"], payload["adminId"]) == ("admin", "admin-001")
    assert (payload["scoreAtApproval"], payload["tierAtApproval"]) == (700, "high")


def test_a_rejection_is_told():
    draft = card_rejected(a_request(), "Too risky", ADMIN)
    assert place(draft) == ("card.rejected", "cardRequest", "request-001", "user-001")
    assert draft.payload == {
        "requestId": "request-001",
        "ecosystemId": "user-001",
        "productId": "default-credit-card",
        "reason": "Too risky",
        "source": "admin",
        "adminId": "admin-001",
        "scoreAtRequest": 450,
    }


def test_a_rejection_by_the_system_has_it_as_admin():
    payload = card_rejected(a_request(), "Expired", Caller.system()).payload
    assert (payload["source"], payload["adminId"]) == ("admin", "system")


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (CardStatus.ACTIVE, CardStatus.SUSPENDED, "card.suspended"),
        (CardStatus.SUSPENDED, CardStatus.ACTIVE, "card.reactivated"),
        (CardStatus.ACTIVE, CardStatus.CANCELLED, "card.cancelled"),
        (CardStatus.SUSPENDED, CardStatus.CANCELLED, "card.cancelled"),
    ],
)
def test_a_move_of_a_card_is_told_with_where_it_came_from(before, after, event):
    draft = card_status_changed(a_card(status=before), a_card(status=after), "Lost it", ADMIN)
    assert place(draft) == (event, "card", "card-001", "user-001")
    assert draft.payload == {
        "cardId": "card-001",
        "ecosystemId": "user-001",
        "reason": "Lost it",
        "adminId": "admin-001",
        "previousStatus": before,
    }


def test_a_purchase_is_told_with_the_card_after_it():
    draft = purchased(a_transaction(merchant="Shop"), a_card(limit="100", balance="12.34"))
    assert place(draft) == ("transaction.purchase", "card", "card-001", "user-001")
    assert draft.payload == {
        "transactionId": "transaction-001",
        "cardId": "card-001",
        "ecosystemId": "user-001",
        "amount": Decimal("12.34"),
        "merchant": "Shop",
        "newBalance": Decimal("12.34"),
        "newAvailableCredit": Decimal("87.66"),
    }


def test_a_payment_on_time_is_told_with_what_it_did_to_the_score():
    impact = ScoreImpact(690, 740, 50, PaymentStatus.ON_TIME)
    draft = paid(a_transaction(type=TransactionType.PAYMENT), a_card(limit="100"), impact, 0)
    assert place(draft) == ("transaction.payment", "card", "card-001", "user-001")
    assert draft.payload == {
        "transactionId": "transaction-001",
        "cardId": "card-001",
        "ecosystemId": "user-001",
        "amount": Decimal("12.34"),
        "newBalance": 0,
        "newAvailableCredit": 100,
        "paymentStatus": "on_time",
        "scoreImpact": 50,
        "newScore": 740,
        "newTier": "high",
    }


def test_a_late_payment_is_told_with_the_days():
    impact = ScoreImpact(500, 450, -50, PaymentStatus.LATE)
    payload = paid(a_transaction(), a_card(), impact, 8).payload
    assert (payload["paymentStatus"], payload["daysOverdue"]) == ("late", 8)
    assert (payload["scoreImpact"], payload["newTier"]) == (-50, "low")

"""What each command tells the world: exactly these events, with exactly these payloads."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import DEFAULT_PRODUCT, REASON, Admin, Customer, expect, moment

Told = list[tuple[str, dict[str, Any]]]


def told(admin: Admin, entity_type: str, entity_id: str) -> Told:
    """Return type and payload of an entity's events, in the order of their numbers."""
    return [
        (event["eventType"], event["payload"]) for event in admin.events_of(entity_type, entity_id)
    ]


def test_a_registration_tells_of_a_user(admin: Admin, customer: Customer) -> None:
    customer.register()

    assert told(admin, "user", customer.ecosystem_id) == [
        (
            "user.created",
            {
                "ecosystemId": customer.ecosystem_id,
                "firebaseUid": customer.ecosystem_id,
                "email": customer.email,
                "role": "user",
                "initialScore": 500,
                "tier": "medium",
            },
        )
    ]
    assert told(admin, "score", customer.ecosystem_id) == []


def test_disabling_and_enabling_tell_who_did_it_and_why(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_status(customer, "disable"), 200)
    expect(admin.set_status(customer, "enable"), 200)

    _, *changes = told(admin, "user", customer.ecosystem_id)

    payload = {
        "ecosystemId": customer.ecosystem_id,
        "reason": REASON,
        "adminId": admin.ecosystem_id,
    }
    assert changes == [("user.disabled", payload), ("user.enabled", payload)]


def test_an_adjustment_tells_of_the_score_and_the_tier(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 700), 200)

    assert told(admin, "score", customer.ecosystem_id) == [
        (
            "score.changed",
            {
                "ecosystemId": customer.ecosystem_id,
                "previousScore": 500,
                "newScore": 700,
                "delta": 200,
                "previousTier": "medium",
                "newTier": "high",
                "reason": REASON,
                "source": "admin",
                "adminId": admin.ecosystem_id,
            },
        )
    ]


def test_a_request_under_the_threshold_tells_of_itself(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    dashboard = expect(customer.get("/v1/dashboard"), 200)

    assert told(admin, "cardRequest", request_id) == [
        (
            "card.requested",
            {
                "requestId": request_id,
                "ecosystemId": customer.ecosystem_id,
                "productId": DEFAULT_PRODUCT,
                "scoreAtRequest": 400,
                "tierAtRequest": "low",
                "createdAt": dashboard["pendingRequests"][0]["submittedAt"],
            },
        )
    ]


def test_a_request_approved_at_once_tells_of_both(admin: Admin, customer: Customer) -> None:
    customer.register()
    request = expect(customer.request_card(), 201)["request"]
    request_id = request["requestId"]

    requested, approved = told(admin, "cardRequest", request_id)

    assert moment(requested[1].pop("createdAt"))
    assert requested == (
        "card.requested",
        {
            "requestId": request_id,
            "ecosystemId": customer.ecosystem_id,
            "productId": DEFAULT_PRODUCT,
            "scoreAtRequest": 500,
            "tierAtRequest": "medium",
        },
    )
    assert approved == (
        "card.approved",
        {
            "requestId": request_id,
            "cardId": request["card"]["cardId"],
            "ecosystemId": customer.ecosystem_id,
            "productId": DEFAULT_PRODUCT,
            "approvedLimit": 5000,
            "source": "auto",
            "scoreAtApproval": 500,
            "tierAtApproval": "medium",
        },
    )
    assert told(admin, "card", request["card"]["cardId"]) == []


def test_an_approval_tells_of_the_score_and_tier_of_now(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.set_score(customer, 650), 200)
    card = expect(admin.approve(request_id, 2500.5), 200)["card"]

    assert told(admin, "cardRequest", request_id)[1:] == [
        (
            "card.approved",
            {
                "requestId": request_id,
                "cardId": card["cardId"],
                "ecosystemId": customer.ecosystem_id,
                "productId": DEFAULT_PRODUCT,
                "approvedLimit": Decimal("2500.5"),
                "source": "admin",
                "adminId": admin.ecosystem_id,
                "scoreAtApproval": 650,
                "tierAtApproval": "medium",
            },
        )
    ]


def test_a_rejection_tells_why(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.set_score(customer, 650), 200)
    expect(admin.reject(request_id), 200)

    assert told(admin, "cardRequest", request_id)[1:] == [
        (
            "card.rejected",
            {
                "requestId": request_id,
                "ecosystemId": customer.ecosystem_id,
                "productId": DEFAULT_PRODUCT,
                "reason": REASON,
                "source": "admin",
                "adminId": admin.ecosystem_id,
                "scoreAtRequest": 400,
            },
        )
    ]


def test_a_purchase_tells_of_the_card_after_it(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    body = {"amount": 0.1, "merchant": "Café 日本 🚀"}
    path = f"/v1/cards/{card_id}/transactions/purchases"
    first = expect(customer.post(path, body), 201)["transaction"]
    second = expect(customer.buy(card_id, 0.2), 201)["transaction"]

    assert told(admin, "card", card_id) == [
        (
            "transaction.purchase",
            {
                "transactionId": first["transactionId"],
                "cardId": card_id,
                "ecosystemId": customer.ecosystem_id,
                "amount": Decimal("0.1"),
                "merchant": "Café 日本 🚀",
                "newBalance": Decimal("0.1"),
                "newAvailableCredit": Decimal("4999.9"),
            },
        ),
        (
            "transaction.purchase",
            {
                "transactionId": second["transactionId"],
                "cardId": card_id,
                "ecosystemId": customer.ecosystem_id,
                "amount": Decimal("0.2"),
                "merchant": "Unknown Merchant",
                "newBalance": Decimal("0.3"),
                "newAvailableCredit": Decimal("4999.7"),
            },
        ),
    ]


def test_a_payment_tells_of_the_card_and_of_the_score(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 1000.3), 201)
    expect(admin.set_score(customer, 690), 200)
    paid = expect(customer.pay(card_id, 400.1), 201)["transaction"]

    assert told(admin, "card", card_id)[1:] == [
        (
            "transaction.payment",
            {
                "transactionId": paid["transactionId"],
                "cardId": card_id,
                "ecosystemId": customer.ecosystem_id,
                "amount": Decimal("400.1"),
                "newBalance": Decimal("600.2"),
                "newAvailableCredit": Decimal("4399.8"),
                "paymentStatus": "on_time",
                "scoreImpact": 26,
                "newScore": 716,
                "newTier": "high",
            },
        )
    ]
    assert told(admin, "score", customer.ecosystem_id)[1:] == [
        (
            "score.changed",
            {
                "ecosystemId": customer.ecosystem_id,
                "previousScore": 690,
                "newScore": 716,
                "delta": 26,
                "previousTier": "medium",
                "newTier": "high",
                "reason": "payment_on_time",
                "source": "system",
                "relatedEntityType": "transaction",
                "relatedEntityId": paid["transactionId"],
            },
        )
    ]


@pytest.mark.parametrize(
    "moves",
    [
        [("suspend", "card.suspended", "active")],
        [("suspend", "card.suspended", "active"), ("reactivate", "card.reactivated", "suspended")],
        [("suspend", "card.suspended", "active"), ("cancel", "card.cancelled", "suspended")],
        [("cancel", "card.cancelled", "active")],
    ],
    ids=lambda moves: " and ".join(move[0] for move in moves),
)
def test_a_move_of_a_card_tells_from_where(
    admin: Admin, customer: Customer, moves: list[tuple[str, str, str]]
) -> None:
    card_id = customer.card()
    for move, _, _ in moves:
        expect(admin.move_card(customer, card_id, move), 200)

    assert told(admin, "card", card_id) == [
        (
            event_type,
            {
                "cardId": card_id,
                "ecosystemId": customer.ecosystem_id,
                "reason": REASON,
                "adminId": admin.ecosystem_id,
                "previousStatus": previous,
            },
        )
        for _, event_type, previous in moves
    ]

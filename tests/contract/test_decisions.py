"""Approving and rejecting card requests, as an admin."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import (
    DEFAULT_PRODUCT,
    NOBODYS_ID,
    REASON,
    Admin,
    Customer,
    error_of,
    expect,
    invalid,
    moment,
)

APPROVE = {"creditLimit": 1000}
REJECT = {"reason": REASON}
NO_IDS = {
    "nobody's": NOBODYS_ID,
    "a word": "somebodys",
    "no UUIDv7": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "a NUL": "%00",
    "not UTF-8": "%ff",
    "very long": "a" * 3000,
}


def path_of(request_id: str, decision: str) -> str:
    return f"/v1/admin/card-requests/{request_id}/{decision}"


def pending_beside_a_suspended_card(admin: Admin, customer: Customer) -> tuple[str, str]:
    """Return the ids of a pending request and of the card that was suspended before it."""
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, "suspend"), 200)
    return admin.pending_request(customer), card_id


def test_an_approval_answers_the_request_and_the_card(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    answer = expect(admin.approve(request_id, 1500), 200)

    request, card = answer["request"], answer["card"]
    assert answer.keys() == {"request", "card"}
    assert moment(request.pop("createdAt")) < moment(card["createdAt"])
    assert request == {
        "requestId": request_id,
        "user": {"ecosystemId": customer.ecosystem_id, "email": customer.email},
        "scoreAtRequest": 400,
        "currentScore": 400,
        "tierAtRequest": "low",
        "daysPending": 0,
        "requiresAttention": False,
        "productId": DEFAULT_PRODUCT,
        "status": "approved",
    }
    assert (card["status"], card["limit"], card["balance"]) == ("active", 1500, 0)
    assert (card["approvedBy"], card["scoreAtApproval"]) == ("admin", 400)


def test_the_card_reads_as_it_was_answered(admin: Admin, customer: Customer) -> None:
    card = expect(admin.approve(admin.pending_request(customer), 1500), 200)["card"]

    assert customer.shown_card(card["cardId"]) == card


def test_an_approved_card_can_be_used(admin: Admin, customer: Customer) -> None:
    card_id = expect(admin.approve(admin.pending_request(customer), 100), 200)["card"]["cardId"]

    assert expect(customer.buy(card_id, 100), 201)["card"]["availableCredit"] == 0


def test_an_approval_leaves_nothing_pending(admin: Admin, customer: Customer) -> None:
    card = expect(admin.approve(admin.pending_request(customer), 1500), 200)["card"]

    dashboard = expect(customer.get("/v1/dashboard"), 200)

    assert dashboard["pendingRequests"] == []
    assert [shown["cardId"] for shown in dashboard["cards"]] == [card["cardId"]]
    assert "suggestedActions" not in dashboard


def test_a_rejection_answers_the_request(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    answer = expect(admin.reject(request_id), 200)

    assert answer.keys() == {"request"}
    assert answer["request"]["requestId"] == request_id
    assert answer["request"]["status"] == "rejected"


def test_a_rejection_leaves_nothing_pending(admin: Admin, customer: Customer) -> None:
    expect(admin.reject(admin.pending_request(customer)), 200)

    dashboard = expect(customer.get("/v1/dashboard"), 200)

    assert (dashboard["pendingRequests"], dashboard["cards"]) == ([], [])


@pytest.mark.parametrize("limit", [100, 100.01, 1999.99, 2000])
def test_a_limit_from_100_to_the_tiers_can_be_given(
    admin: Admin, customer: Customer, limit: float
) -> None:
    card = expect(admin.approve(admin.pending_request(customer), limit), 200)["card"]

    assert card["limit"] == card["availableCredit"] == Decimal(str(limit))


@pytest.mark.parametrize("limit", [99.99, 0, -1, 10_000.01, 9_999_999.99])
def test_a_limit_that_no_tier_has_is_refused(
    admin: Admin, customer: Customer, limit: float
) -> None:
    request_id = admin.pending_request(customer)

    invalid(admin.approve(request_id, limit), "creditLimit")

    expect(admin.approve(request_id, 1000), 200)


@pytest.mark.parametrize("limit", ["1000", True, None, [1000], 1000.001])
def test_what_is_no_amount_is_no_limit(admin: Admin, customer: Customer, limit: Any) -> None:
    invalid(admin.approve(admin.pending_request(customer), limit), "creditLimit")


def test_a_limit_must_be_given(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    invalid(admin.post(path_of(request_id, "approve"), {"reason": REASON}), "creditLimit")


@pytest.mark.parametrize(
    ("score", "limit"),
    [
        pytest.param(499, 2_000, id="low"),
        pytest.param(699, 5_000, id="medium by now"),
        pytest.param(700, 10_000, id="high by now"),
    ],
)
def test_the_limit_is_bounded_by_the_tier_of_now(
    admin: Admin, customer: Customer, score: int, limit: int
) -> None:
    request_id = admin.pending_request(customer, 300)
    expect(admin.set_score(customer, score), 200)

    if limit < 10_000:
        error_of(admin.approve(request_id, limit + 0.01), 400, "LIMIT_EXCEEDS_POLICY")
    card = expect(admin.approve(request_id, limit), 200)["card"]

    assert (card["limit"], card["scoreAtApproval"]) == (limit, score)


def test_a_limit_over_policy_leaves_the_request_pending(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    error = error_of(admin.approve(request_id, 2000.01), 400, "LIMIT_EXCEEDS_POLICY")

    assert "creditLimit" in error["details"]
    shown = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]
    assert shown["status"] == "pending"


@pytest.mark.parametrize("second", ["approve", "reject"])
@pytest.mark.parametrize("first", ["approve", "reject"])
def test_a_request_is_decided_once(
    admin: Admin, customer: Customer, first: str, second: str
) -> None:
    request_id = admin.pending_request(customer)
    bodies = {"approve": APPROVE, "reject": REJECT}
    expect(admin.post(path_of(request_id, first), bodies[first]), 200)
    decided = customer.get(f"/v1/cards/requests/{request_id}").json()["request"]

    answer = admin.post(path_of(request_id, second), bodies[second])

    error_of(answer, 409, "REQUEST_ALREADY_PROCESSED")
    shown = customer.get(f"/v1/cards/requests/{request_id}").json()["request"]
    assert shown == decided


def test_a_request_approved_at_once_is_decided(admin: Admin, customer: Customer) -> None:
    customer.register()
    request_id = expect(customer.request_card(), 201)["request"]["requestId"]

    error_of(admin.approve(request_id, 1000), 409, "REQUEST_ALREADY_PROCESSED")
    error_of(admin.reject(request_id), 409, "REQUEST_ALREADY_PROCESSED")


@pytest.mark.parametrize("request_id", NO_IDS.values(), ids=NO_IDS)
def test_a_request_that_does_not_exist_is_not_found(admin: Admin, request_id: str) -> None:
    error_of(admin.approve(request_id, 1000), 404, "NOT_FOUND")
    error_of(admin.reject(request_id), 404, "NOT_FOUND")


def test_an_approval_beside_an_active_card_is_refused(admin: Admin, customer: Customer) -> None:
    request_id, card_id = pending_beside_a_suspended_card(admin, customer)
    expect(admin.move_card(customer, card_id, "reactivate"), 200)

    error_of(admin.approve(request_id, 1000), 409, "CARD_ALREADY_EXISTS")

    cards = expect(customer.get("/v1/cards"), 200)["cards"]
    assert [card["cardId"] for card in cards] == [card_id]


def test_an_approval_beside_a_suspended_card_is_fine(admin: Admin, customer: Customer) -> None:
    request_id, suspended = pending_beside_a_suspended_card(admin, customer)

    approved = expect(admin.approve(request_id, 1000), 200)["card"]["cardId"]

    cards = expect(customer.get("/v1/cards"), 200)["cards"]
    assert [card["cardId"] for card in cards] == [approved, suspended]


def test_a_rejection_beside_an_active_card_is_fine(admin: Admin, customer: Customer) -> None:
    request_id, card_id = pending_beside_a_suspended_card(admin, customer)
    expect(admin.move_card(customer, card_id, "reactivate"), 200)

    assert expect(admin.reject(request_id), 200)["request"]["status"] == "rejected"


def test_an_approval_without_a_reason_shows_none_to_the_customer(
    admin: Admin, customer: Customer
) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.approve(request_id, 1500), 200)

    request = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]

    assert request["decision"] == {"outcome": "approved", "source": "admin", "approvedLimit": 1500}


def test_an_approvals_reason_is_shown_to_the_customer(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    body = {"creditLimit": 1500, "reason": "Known for years"}
    expect(admin.post(path_of(request_id, "approve"), body), 200)

    request = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]

    assert request["decision"]["reason"] == "Known for years"


@pytest.mark.parametrize("body", [APPROVE, APPROVE | {"reason": "Known for years"}])
def test_the_audit_has_the_approvals_reason_or_its_default(
    admin: Admin, customer: Customer, body: dict[str, Any]
) -> None:
    request_id = admin.pending_request(customer)

    expect(admin.post(path_of(request_id, "approve"), body), 200)

    (log,) = admin.audit_of("cardRequest", request_id)
    assert log["reason"] == body.get("reason", "Approved by admin")

"""A user's cards: the list and the detail."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.api import Admin, Customer, error_of, expect, invalid, moment

SUMMARY = {
    "cardId",
    "type",
    "status",
    "limit",
    "balance",
    "availableCredit",
    "minimumPayment",
    "nextDueDate",
    "nearLimit",
}
DETAIL = SUMMARY | {"createdAt", "activatedAt", "approvedBy", "scoreAtApproval"}


def listed(customer: Customer, **params: str) -> list[str]:
    return [
        card["cardId"] for card in expect(customer.get("/v1/cards", params=params), 200)["cards"]
    ]


@pytest.mark.parametrize("registered", [False, True])
def test_one_without_cards_is_pointed_to_the_offers(customer: Customer, registered: bool) -> None:
    if registered:
        customer.register()

    answer = expect(customer.get("/v1/cards"), 200)

    assert answer.keys() == {"cards", "suggestion"}
    assert answer["cards"] == []
    assert "/v1/offers" in answer["suggestion"]


def test_one_with_cards_is_not(customer: Customer) -> None:
    card_id = customer.card()

    answer = expect(customer.get("/v1/cards"), 200)

    assert answer.keys() == {"cards"}
    assert answer["cards"][0].keys() == SUMMARY
    assert answer["cards"][0]["cardId"] == card_id


def test_cards_are_listed_newest_first(admin: Admin, customer: Customer) -> None:
    first = customer.card()
    expect(admin.move_card(customer, first, "suspend"), 200)
    second = customer.another_card()
    expect(admin.move_card(customer, second, "cancel"), 200)
    third = customer.another_card()

    assert listed(customer) == [third, second, first]


def test_cards_are_filtered_by_status(admin: Admin, customer: Customer) -> None:
    suspended = customer.card()
    expect(admin.move_card(customer, suspended, "suspend"), 200)
    cancelled = customer.another_card()
    expect(admin.move_card(customer, cancelled, "cancel"), 200)
    active = customer.another_card()

    assert listed(customer, status="active") == [active]
    assert listed(customer, status="suspended") == [suspended]
    assert listed(customer, status="cancelled") == [cancelled]


def test_cards_are_filtered_by_type(customer: Customer) -> None:
    card_id = customer.card()

    assert listed(customer, type="credit-card", status="active") == [card_id]


@pytest.mark.parametrize("status", ["expired", "ACTIVE", "active,suspended", "\x00"])
def test_an_unknown_status_is_refused_by_naming_the_valid_ones(
    customer: Customer, status: str
) -> None:
    message = invalid(customer.get("/v1/cards", params={"status": status}), "status")["message"]

    assert all(valid in message for valid in ("active", "suspended", "cancelled"))


def test_an_unknown_type_is_refused_by_naming_the_valid_one(customer: Customer) -> None:
    error = invalid(customer.get("/v1/cards", params={"type": "debit-card"}), "type")

    assert "credit-card" in error["message"]


def test_a_new_card_in_detail(customer: Customer) -> None:
    card = customer.shown_card(customer.card())

    assert card.keys() == DETAIL
    assert (card["type"], card["status"]) == ("credit-card", "active")
    assert (card["limit"], card["balance"], card["availableCredit"]) == (5000, 0, 5000)
    assert (card["minimumPayment"], card["nearLimit"]) == (0, False)
    assert (card["approvedBy"], card["scoreAtApproval"]) == ("auto", 500)
    assert card["createdAt"] == card["activatedAt"]
    assert moment(card["nextDueDate"]) == moment(card["activatedAt"]) + timedelta(days=30)


def test_a_card_an_admin_approved_says_so(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer, score=420)
    card_id = expect(admin.approve(request_id, 1500), 200)["card"]["cardId"]

    card = customer.shown_card(card_id)

    assert (card["approvedBy"], card["scoreAtApproval"], card["limit"]) == ("admin", 420, 1500)


@pytest.mark.parametrize(
    ("balance", "minimum"),
    [
        (10, "10.00"),
        (25, "25.00"),
        (1000, "25.00"),
        (1250, "25.00"),
        (1250.25, "25.01"),
        (1250.24, "25.00"),
        (3000, "60.00"),
    ],
)
def test_the_minimum_payment_follows_the_balance(
    customer: Customer, balance: float, minimum: str
) -> None:
    card_id = customer.card()

    card = expect(customer.buy(card_id, balance), 201)["card"]

    assert card["minimumPayment"] == Decimal(minimum)


@pytest.mark.parametrize(("balance", "near"), [(4500, False), (4500.01, True), (5000, True)])
def test_near_the_limit_is_over_90_percent(customer: Customer, balance: float, near: bool) -> None:
    card_id = customer.card()

    assert expect(customer.buy(card_id, balance), 201)["card"]["nearLimit"] is near


def test_a_card_that_does_not_exist_is_not_found(customer: Customer) -> None:
    customer.register()

    error_of(customer.get("/v1/cards/019a0f6e-5d2c-7a31-9c1b-3f7d5f0a2b11"), 404, "NOT_FOUND")

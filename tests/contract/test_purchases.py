"""Buying with a card."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.api import Admin, Customer, error_of, expect, invalid, moment
from tests.support.document import document

SUMMARY = set(document()["components"]["schemas"]["CardSummary"]["properties"])


def test_a_purchase_answers_itself_and_the_card(customer: Customer) -> None:
    card_id = customer.card()
    path = f"/v1/cards/{card_id}/transactions/purchases"

    answer = expect(customer.post(path, {"amount": 12.5, "merchant": "Corner Shop"}), 201)

    assert answer.keys() == {"transaction", "card"}
    assert answer["transaction"].pop("transactionId")
    assert moment(answer["transaction"].pop("timestamp"))
    assert answer["transaction"] == {
        "type": "purchase",
        "amount": Decimal("12.5"),
        "merchant": "Corner Shop",
        "status": "completed",
    }
    assert answer["card"].keys() == SUMMARY
    assert answer["card"]["balance"] == Decimal("12.5")
    assert answer["card"]["availableCredit"] == Decimal("4987.5")


def test_without_a_merchant_it_is_unknown(customer: Customer) -> None:
    card_id = customer.card()

    bought = expect(customer.buy(card_id, 1), 201)["transaction"]

    assert bought["merchant"] == "Unknown Merchant"


def test_a_purchase_of_exactly_the_available_credit_is_fine(customer: Customer) -> None:
    card_id = customer.card()

    answer = expect(customer.buy(card_id, 5000), 201)

    assert answer["card"]["availableCredit"] == 0


def test_a_purchase_over_the_available_credit_is_refused_with_both_amounts(
    customer: Customer,
) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 1000), 201)

    error = error_of(customer.buy(card_id, 4000.01), 402, "INSUFFICIENT_CREDIT")

    assert error["details"] == {
        "requestedAmount": Decimal("4000.01"),
        "availableCredit": Decimal("4000.00"),
    }


def test_a_refused_purchase_is_kept_as_failed(customer: Customer) -> None:
    card_id = customer.card()

    error_of(customer.buy(card_id, 5000.01), 402, "INSUFFICIENT_CREDIT")

    (kept,) = customer.transactions(card_id)
    assert (kept["type"], kept["status"]) == ("purchase", "failed")
    assert kept["amount"] == Decimal("5000.01")
    assert kept["failureReason"]


def test_a_refused_purchase_changes_nothing_else(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    before = customer.shown_card(card_id)

    error_of(customer.buy(card_id, 5000.01), 402, "INSUFFICIENT_CREDIT")

    assert customer.shown_card(card_id) == before
    assert admin.events_of("card", card_id) == []


@pytest.mark.parametrize("action", ["suspend", "cancel"])
def test_a_purchase_needs_an_active_card(admin: Admin, customer: Customer, action: str) -> None:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, action), 200)

    invalid(customer.buy(card_id, 1))

    assert [kept["status"] for kept in customer.transactions(card_id)] == ["failed"]


def test_the_first_purchase_of_a_card_at_zero_moves_its_due_date(customer: Customer) -> None:
    card_id = customer.card()

    answer = expect(customer.buy(card_id, 1), 201)

    due = moment(answer["card"]["nextDueDate"])
    assert due == moment(answer["transaction"]["timestamp"]) + timedelta(days=30)


def test_a_later_purchase_leaves_the_due_date(customer: Customer) -> None:
    card_id = customer.card()
    first = expect(customer.buy(card_id, 1), 201)["card"]

    second = expect(customer.buy(card_id, 1), 201)["card"]

    assert second["nextDueDate"] == first["nextDueDate"]


def test_a_purchase_leaves_the_score(customer: Customer) -> None:
    card_id = customer.card()

    expect(customer.buy(card_id, 5000), 201)

    assert customer.register()["currentScore"] == 500


def test_a_card_can_be_bought_with_again_after_a_reactivation(
    admin: Admin, customer: Customer
) -> None:
    card_id = customer.card()
    for action in ("suspend", "reactivate"):
        expect(admin.move_card(customer, card_id, action), 200)

    expect(customer.buy(card_id, 1), 201)

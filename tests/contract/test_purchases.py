"""Buying with a card."""

from decimal import Decimal

from tests.support.api import Customer, error_of, expect


def test_a_purchase_of_exactly_the_available_credit_is_fine(customer: Customer) -> None:
    card_id = customer.card()

    answer = expect(customer.buy(card_id, 5000), 201)

    assert answer["card"]["availableCredit"] == 0
    assert answer["transaction"]["merchant"] == "Unknown Merchant"


def test_a_purchase_over_the_available_credit_is_refused_and_kept(customer: Customer) -> None:
    card_id = customer.card()

    error = error_of(customer.buy(card_id, 5000.01), 402, "INSUFFICIENT_CREDIT")

    assert error["details"] == {
        "requestedAmount": Decimal("5000.01"),
        "availableCredit": Decimal("5000.00"),
    }
    kept = expect(customer.get(f"/v1/cards/{card_id}/transactions"), 200)["transactions"]
    assert [transaction["status"] for transaction in kept] == ["failed"]

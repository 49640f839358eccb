"""The list of a card's transactions."""

import pytest

from tests.support.api import NOBODYS_ID, Customer, error_of, expect, invalid

ALWAYS = {"transactionId", "type", "amount", "status", "timestamp"}


def test_transactions_are_listed_newest_first_as_they_were_answered(customer: Customer) -> None:
    card_id = customer.card()
    bought = expect(customer.buy(card_id, 100), 201)["transaction"]
    paid = expect(customer.pay(card_id, 40), 201)["transaction"]

    assert customer.transactions(card_id) == [paid, bought]


def test_each_kind_has_its_fields(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 100), 201)
    expect(customer.pay(card_id, 40), 201)
    error_of(customer.buy(card_id, 5000), 402, "INSUFFICIENT_CREDIT")

    failed, paid, bought = customer.transactions(card_id)

    assert bought.keys() == ALWAYS | {"merchant"}
    assert paid.keys() - {"merchant"} == ALWAYS | {"paymentStatus", "scoreImpact"}
    assert failed.keys() == ALWAYS | {"merchant", "failureReason"}


def test_transactions_are_filtered_by_type(customer: Customer) -> None:
    card_id = customer.card()
    bought = expect(customer.buy(card_id, 100), 201)["transaction"]
    paid = expect(customer.pay(card_id, 40), 201)["transaction"]
    path = f"/v1/cards/{card_id}/transactions"

    purchases = expect(customer.get(path, params={"type": "purchase"}), 200)["transactions"]
    payments = expect(customer.get(path, params={"type": "payment"}), 200)["transactions"]

    assert (purchases, payments) == ([bought], [paid])


@pytest.mark.parametrize("type", ["refund", "PURCHASE", ""])
def test_an_unknown_type_is_refused(customer: Customer, type: str) -> None:
    card_id = customer.card()

    invalid(customer.get(f"/v1/cards/{card_id}/transactions", params={"type": type}), "type")


def test_the_card_must_exist(customer: Customer) -> None:
    customer.register()

    error_of(customer.get(f"/v1/cards/{NOBODYS_ID}/transactions"), 404, "NOT_FOUND")


def test_transactions_have_ids_of_their_own(customer: Customer) -> None:
    card_id = customer.card()

    ids = {expect(customer.buy(card_id, 1), 201)["transaction"]["transactionId"] for _ in range(3)}

    assert len(ids) == 3

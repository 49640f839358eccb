"""Numbers in bodies: money, scores and limits."""

from decimal import Decimal

import pytest

from tests.support.api import Admin, Customer, error_of, expect, invalid

NO_AMOUNTS = {
    "text": '"10"',
    "text with an exponent": '"1e2"',
    "empty text": '""',
    "true": "true",
    "false": "false",
    "null": "null",
    "a list": "[10]",
    "an object": '{"value": 10}',
    "zero": "0",
    "zero with decimals": "0.00",
    "minus zero": "-0",
    "negative": "-1",
    "a little under zero": "-0.01",
    "under a cent": "0.001",
    "three decimals": "10.001",
    "a cent and a bit": "0.011",
    "many decimals": "0.1000000000000000055511151231257827",
    "three decimals by exponent": "1e-3",
    "over the most": "10000000",
    "a cent over the most": "10000000.00",
    "a bit over the most": "9999999.991",
    "a large exponent": "1e10",
    "a huge exponent": "1e400",
    "a senseless exponent": "1e400000000",
    "a senseless negative exponent": "1e-400000000",
    "zero with a senseless exponent": "0e400000000",
    "a senseless exponent with digits": "123456789.12e-99999999",
    "many digits": "1" * 400,
}
AMOUNTS = {
    "a cent": ("0.01", "0.01"),
    "one decimal": ("10.5", "10.50"),
    "two decimals": ("10.55", "10.55"),
    "a whole number": ("10", "10.00"),
    "an exponent": ("1e2", "100.00"),
}
NO_SCORES = ["-1", "1001", "500.5", '"500"', "true", "null", "[500]", "1e400000000", "-1e400000000"]
NO_LIMITS = ["0", "99.99", "99", "10000.01", "10001", "1e9", '"1000"', "true", "null", "1000.001"]


def purchases(card_id: str) -> str:
    return f"/v1/cards/{card_id}/transactions/purchases"


@pytest.mark.parametrize("amount", NO_AMOUNTS.values(), ids=NO_AMOUNTS)
def test_what_is_no_amount_is_refused(customer: Customer, amount: str) -> None:
    card_id = customer.card()

    invalid(customer.post(purchases(card_id), content=f'{{"amount": {amount}}}'), "amount")


@pytest.mark.parametrize(("amount", "meant"), AMOUNTS.values(), ids=AMOUNTS)
def test_an_amount_is_taken_exactly(customer: Customer, amount: str, meant: str) -> None:
    card_id = customer.card()

    answer = expect(customer.post(purchases(card_id), content=f'{{"amount": {amount}}}'), 201)

    assert answer["transaction"]["amount"] == Decimal(meant)
    assert answer["card"]["balance"] == Decimal(meant)


def test_the_largest_amount_is_valid_input(customer: Customer) -> None:
    card_id = customer.card()

    error = error_of(customer.buy(card_id, 9_999_999.99), 402, "INSUFFICIENT_CREDIT")

    assert error["details"]["requestedAmount"] == Decimal("9999999.99")


def test_cents_add_up_exactly(customer: Customer) -> None:
    card_id = customer.card()

    for amount in (0.1, 0.2, 1.1, 2.2):
        expect(customer.buy(card_id, amount), 201)

    assert customer.shown_card(card_id)["balance"] == Decimal("3.60")
    assert customer.shown_card(card_id)["availableCredit"] == Decimal("4996.40")


@pytest.mark.parametrize("amount", ['"10"', "0", "10.001", "1e400000000", "true"])
def test_what_is_no_amount_cannot_be_paid(customer: Customer, amount: str) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 100), 201)
    path = f"/v1/cards/{card_id}/transactions/payments"

    invalid(customer.post(path, content=f'{{"amount": {amount}}}'), "amount")


@pytest.mark.parametrize("score", NO_SCORES)
def test_what_is_no_score_is_refused(admin: Admin, customer: Customer, score: str) -> None:
    customer.register()
    path = f"/v1/admin/users/{customer.ecosystem_id}/score"
    content = f'{{"score": {score}, "reason": "Long enough a reason"}}'

    invalid(admin.patch(path, content=content), "score")


@pytest.mark.parametrize("limit", NO_LIMITS)
def test_what_is_no_limit_is_refused(admin: Admin, customer: Customer, limit: str) -> None:
    request_id = admin.pending_request(customer)
    path = f"/v1/admin/card-requests/{request_id}/approve"

    invalid(admin.post(path, content=f'{{"creditLimit": {limit}}}'), "creditLimit")

"""Text in bodies: merchants, products and reasons."""

from typing import Any

import pytest

from tests.support.api import Admin, Customer, expect, invalid

NO_TEXTS: dict[str, Any] = {
    "a number": 7,
    "true": True,
    "a list": ["Shop"],
    "an object": {"name": "Shop"},
    "a NUL": "Corner\u0000Shop",
    "a line break": "Corner\nShop",
    "a tab": "Corner\tShop",
    "an escape": "Corner\u001bShop",
    "DEL": "Corner\u007fShop",
    "a C1 control": "Corner\u0085Shop",
    "a high surrogate alone": "Corner\ud800Shop",
    "a low surrogate alone": "Corner\udc00Shop",
    "surrogates the wrong way round": "\udc00\ud800",
}
NO_PRODUCTS: dict[str, Any] = {
    "unknown": "platinum-card",
    "in capitals": "Default-Credit-Card",
    "with a space": "default-credit-card ",
    "with an underscore": "default_credit_card",
    "empty": "",
    "too long": "a" * 65,
    "in other digits": "card-\u0661",
    "a number": 1,
    "null": None,
    "a list": ["default-credit-card"],
}
NO_REASONS: dict[str, Any] = {
    "nine characters": "123456789",
    "501 characters": "x" * 501,
    "empty": "",
    "a control character": "Long enough,\u0000 yet",
    "a lone surrogate": "Long enough,\ud800 yet",
    "a number": 1234567890,
    "null": None,
    "a list": ["Long enough a reason"],
}


def buy_at(customer: Customer, card_id: str, merchant: Any) -> Any:
    body = {"amount": 1, "merchant": merchant}
    return customer.post(f"/v1/cards/{card_id}/transactions/purchases", body)


@pytest.mark.parametrize("merchant", NO_TEXTS.values(), ids=NO_TEXTS)
def test_what_is_no_merchant_is_refused(customer: Customer, merchant: Any) -> None:
    card_id = customer.card()

    invalid(buy_at(customer, card_id, merchant), "merchant")


def test_a_merchant_over_100_characters_is_refused(customer: Customer) -> None:
    card_id = customer.card()

    invalid(buy_at(customer, card_id, "x" * 101), "merchant")


@pytest.mark.parametrize(
    "merchant",
    ["x", "x" * 100, "🚀" * 100, "Café 日本", "'; DROP TABLE cards; --", '"\\%_{}</script>'],
    ids=["one", "100", "100 beyond the BMP", "accents", "SQL", "punctuation"],
)
def test_a_merchant_is_kept_as_it_is(customer: Customer, merchant: str) -> None:
    card_id = customer.card()

    bought = expect(buy_at(customer, card_id, merchant), 201)["transaction"]

    assert bought["merchant"] == merchant
    assert customer.transactions(card_id)[0]["merchant"] == merchant


@pytest.mark.parametrize("product_id", NO_PRODUCTS.values(), ids=NO_PRODUCTS)
def test_what_is_no_product_is_refused(customer: Customer, product_id: Any) -> None:
    customer.register()

    invalid(customer.post("/v1/cards/requests", {"productId": product_id}), "productId")


def test_a_card_request_without_a_product_is_refused(customer: Customer) -> None:
    customer.register()

    invalid(customer.post("/v1/cards/requests", {}), "productId")


@pytest.mark.parametrize("reason", NO_REASONS.values(), ids=NO_REASONS)
def test_what_is_no_reason_is_refused(admin: Admin, customer: Customer, reason: Any) -> None:
    customer.register()

    invalid(admin.set_score(customer, 600, reason), "reason")


@pytest.mark.parametrize("reason", ["1234567890", "x" * 500, "é" * 10, "🚀" * 500])
def test_a_reason_of_10_to_500_characters_is_kept(
    admin: Admin, customer: Customer, reason: str
) -> None:
    customer.register()

    history = expect(admin.set_score(customer, 600, reason), 200)["history"]

    assert history[0]["reason"] == reason


@pytest.mark.parametrize(
    "path",
    [
        "card-requests/{id}/reject",
        "users/{user}/disable",
        "users/{user}/enable",
        "users/{user}/cards/{id}/suspend",
        "users/{user}/cards/{id}/reactivate",
        "users/{user}/cards/{id}/cancel",
        "outbox/{id}/redrive",
    ],
)
def test_every_decision_needs_a_reason(admin: Admin, customer: Customer, path: str) -> None:
    card_id = customer.card()
    filled = path.replace("{id}", card_id).replace("{user}", customer.ecosystem_id)

    invalid(admin.post(f"/v1/admin/{filled}", {}), "reason")


def test_an_approvals_reason_has_the_same_bounds(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    body = {"creditLimit": 1000, "reason": "too short"}

    invalid(admin.post(f"/v1/admin/card-requests/{request_id}/approve", body), "reason")

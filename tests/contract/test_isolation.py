"""A user only ever sees its own: what is somebody else's answers as what does not exist."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.api import NOBODYS_ID, Admin, Customer, error_of, expect

CARD_OPERATIONS: dict[str, tuple[str, str, Any]] = {
    "detail": ("GET", "/v1/cards/{id}", None),
    "list of transactions": ("GET", "/v1/cards/{id}/transactions", None),
    "purchase": ("POST", "/v1/cards/{id}/transactions/purchases", {"amount": 1}),
    "payment": ("POST", "/v1/cards/{id}/transactions/payments", {"amount": 1}),
}
NO_IDS = {
    "a word": "somebodys",
    "no UUIDv7": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "a NUL": "%00",
    "not UTF-8": "%ff",
    "quotes": "%27%20OR%201=1--",
    "very long": "a" * 3000,
}


def without_request_id(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = expect(answer, 404)
    assert body["meta"].pop("requestId") == answer.headers["X-Request-ID"]
    return body


@pytest.mark.parametrize("operation", CARD_OPERATIONS.values(), ids=CARD_OPERATIONS)
def test_somebody_elses_card_answers_as_none(
    customer: Customer, stranger: Customer, operation: tuple[str, str, Any]
) -> None:
    method, path, body = operation
    customer.card()
    theirs = stranger.card()

    answers = [
        customer.call(method, path.replace("{id}", card_id), body, key="any")
        for card_id in (theirs, NOBODYS_ID)
    ]

    assert without_request_id(answers[0]) == without_request_id(answers[1])
    assert answers[0].headers.keys() == answers[1].headers.keys()


def test_a_purchase_on_somebody_elses_card_leaves_nothing(
    customer: Customer, stranger: Customer
) -> None:
    customer.card()
    theirs = stranger.card()

    error_of(customer.buy(theirs, 9_999), 404, "NOT_FOUND")

    assert stranger.transactions(theirs) == []
    assert stranger.shown_card(theirs)["balance"] == 0


def test_somebody_elses_card_request_answers_as_none(
    customer: Customer, stranger: Customer
) -> None:
    customer.register()
    stranger.register()
    theirs = expect(stranger.request_card(), 201)["request"]["requestId"]

    answers = [customer.get(f"/v1/cards/requests/{id}") for id in (theirs, NOBODYS_ID)]

    assert without_request_id(answers[0]) == without_request_id(answers[1])


def test_an_admins_own_view_shows_only_its_own(admin: Admin, stranger: Customer) -> None:
    admin.register()
    theirs = stranger.card()

    error_of(admin.get(f"/v1/cards/{theirs}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("action", ["suspend", "reactivate", "cancel"])
def test_an_admin_does_not_find_a_card_below_another_user(
    admin: Admin, customer: Customer, stranger: Customer, action: str
) -> None:
    customer.register()
    theirs = stranger.card()

    error_of(admin.move_card(customer, theirs, action), 404, "NOT_FOUND")


def test_users_whose_ids_differ_in_case_are_two(
    customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    card_id = customer.card()

    other = new_customer(customer.ecosystem_id.upper())

    assert expect(other.get("/v1/cards"), 200)["cards"] == []
    error_of(other.get(f"/v1/cards/{card_id}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("text", NO_IDS.values(), ids=NO_IDS)
def test_what_cannot_be_an_id_is_not_found(customer: Customer, text: str) -> None:
    customer.register()

    error_of(customer.get(f"/v1/cards/{text}"), 404, "NOT_FOUND")
    error_of(customer.get(f"/v1/cards/requests/{text}"), 404, "NOT_FOUND")
    error_of(customer.buy(text, 1), 404, "NOT_FOUND")


@pytest.mark.parametrize("spell", [str.upper, lambda text: text.replace("-", ""), "{{{}}}".format])
def test_an_id_spelt_otherwise_is_not_found(
    customer: Customer, spell: Callable[[str], str]
) -> None:
    card_id = customer.card()

    error_of(customer.get(f"/v1/cards/{spell(card_id)}"), 404, "NOT_FOUND")

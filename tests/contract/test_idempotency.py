"""Idempotency keys: which operations need one, and what a replay is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import DEFAULT_PRODUCT, REASON, Admin, Customer, error_of, expect, invalid
from tests.support.document import document, filled
from tests.support.keyed_writes import WRITES, Act

USER = "/v1/admin/users/{userSlug}"
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/cards/requests"): {"productId": DEFAULT_PRODUCT},
    ("POST", "/v1/cards/{cardId}/transactions/purchases"): {"amount": 10},
    ("POST", "/v1/cards/{cardId}/transactions/payments"): {"amount": 10},
    ("PATCH", f"{USER}/score"): {"score": 600, "reason": REASON},
    ("POST", f"{USER}/disable"): {"reason": REASON},
    ("POST", f"{USER}/enable"): {"reason": REASON},
    ("POST", f"{USER}/cards/{{cardId}}/suspend"): {"reason": REASON},
    ("POST", f"{USER}/cards/{{cardId}}/reactivate"): {"reason": REASON},
    ("POST", f"{USER}/cards/{{cardId}}/cancel"): {"reason": REASON},
    ("POST", "/v1/admin/card-requests/{requestId}/approve"): {"creditLimit": 1000},
    ("POST", "/v1/admin/card-requests/{requestId}/reject"): {"reason": REASON},
    ("POST", "/v1/admin/outbox/{eventId}/redrive"): {"reason": REASON},
}
BAD_KEYS: dict[str, str | bytes | None] = {
    "missing": None,
    "empty": "",
    "65 characters": "k" * 65,
    "a space": "two words",
    "not ASCII": "schlüssel".encode(),
    "not UTF-8": b"\xff\xfe",
}


def test_the_document_asks_for_a_key_where_the_contract_does() -> None:
    documented = {
        (method.upper(), path)
        for path, described in document()["paths"].items()
        for method, operation in described.items()
        if "Idempotency-Key" in [given["name"] for given in operation.get("parameters", ())]
    }

    assert documented == set(BODIES)


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_every_such_write_is_refused_without_a_key(admin: Admin, method: str, path: str) -> None:
    answer = admin.call(method, filled(path), BODIES[method, path])

    assert "Idempotency-Key" in invalid(answer)["message"]


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_is_refused_by_name(customer: Customer, key: str | bytes | None) -> None:
    customer.register()

    answer = customer.call("POST", "/v1/cards/requests", {"productId": DEFAULT_PRODUCT}, key=key)

    assert "Idempotency-Key" in invalid(answer)["message"]


@pytest.mark.parametrize("key", ["k", "k" * 64, "!~\"'\\/{}"], ids=["one", "64", "odd"])
def test_every_visible_key_is_accepted(customer: Customer, key: str) -> None:
    card_id = customer.card()

    first, second = (customer.buy(card_id, 10, key=key) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)


@pytest.mark.parametrize("prepared", WRITES)
def test_a_replay_has_the_stored_body_and_says_so(
    admin: Admin, customer: Customer, prepared: Callable[[Admin, Customer], Act]
) -> None:
    act = prepared(admin, customer)

    first, second, third = (act("the-key") for _ in range(3))

    assert first.is_success
    assert "Idempotent-Replayed" not in first.headers
    assert (second.status_code, third.status_code) == (200, 200)
    assert second.content == third.content == first.content
    assert second.headers["Idempotent-Replayed"] == third.headers["Idempotent-Replayed"] == "true"


def test_a_replay_has_no_effect(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10, key="mine"), 201)

    expect(customer.buy(card_id, 10, key="mine"), 200)

    assert customer.shown_card(card_id)["balance"] == 10
    assert len(customer.transactions(card_id)) == 1


def test_a_replayed_adjustment_does_not_undo_a_later_one(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 600, key="mine"), 200)
    expect(admin.set_score(customer, 700), 200)

    replayed = expect(admin.set_score(customer, 600, key="mine"), 200)

    assert replayed["user"]["currentScore"] == 600
    assert customer.register()["currentScore"] == 700


def test_a_replay_has_a_request_id_of_its_own(customer: Customer) -> None:
    card_id = customer.card()

    answers = [
        customer.buy(card_id, 10, key="mine", headers={"X-Request-ID": id}) for id in ("a", "b")
    ]

    assert [answer.headers["X-Request-ID"] for answer in answers] == ["a", "b"]


def test_another_body_under_the_key_is_refused(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10, key="mine"), 201)

    error_of(customer.buy(card_id, 11, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")

    assert customer.shown_card(card_id)["balance"] == 10

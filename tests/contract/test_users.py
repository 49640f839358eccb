"""Registration."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import Admin, Customer, error_of, expect, invalid, moment

FIELDS = {
    "ecosystemId",
    "firebaseUid",
    "email",
    "role",
    "status",
    "currentScore",
    "tier",
    "createdAt",
    "updatedAt",
    "lastLoginAt",
}


def register(customer: Customer, body: Any = None) -> Any:
    return customer.post("/v1/users", body, key="")


def test_the_first_registration_creates_the_user(customer: Customer) -> None:
    answer = expect(register(customer, {}), 201)

    user = answer["user"]
    assert answer.keys() == {"created", "user"}
    assert answer["created"] is True
    assert user.keys() == FIELDS
    assert user["ecosystemId"] == user["firebaseUid"] == customer.ecosystem_id
    assert user["email"] == customer.email
    assert (user["role"], user["status"]) == ("user", "active")
    assert (user["currentScore"], user["tier"]) == (500, "medium")
    assert user["createdAt"] == user["updatedAt"] == user["lastLoginAt"]


def test_a_later_registration_answers_the_user_that_exists(customer: Customer) -> None:
    first = customer.register()

    answer = expect(register(customer, {}), 200)

    assert answer["created"] is False
    assert answer["user"].keys() == FIELDS
    assert answer["user"]["createdAt"] == first["createdAt"]


def test_a_later_registration_moves_the_last_login(customer: Customer) -> None:
    first = customer.register()

    second = customer.register()

    assert moment(second["lastLoginAt"]) > moment(first["lastLoginAt"])


def test_a_later_registration_leaves_no_event(admin: Admin, customer: Customer) -> None:
    customer.register()
    customer.register()

    events = admin.events_of("user", customer.ecosystem_id)

    assert [event["eventType"] for event in events] == ["user.created"]


def test_an_admin_registers_as_one(admin: Admin) -> None:
    assert admin.register()["role"] == "admin"


def test_the_tokens_email_may_be_repeated_in_any_case(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(email="Somebody@Example.com")

    expect(register(customer, {"email": "sOMEBODY@eXAMPLE.COM"}), 201)


@pytest.mark.parametrize("again", [False, True], ids=["at first", "later"])
def test_another_email_than_the_tokens_is_refused(customer: Customer, again: bool) -> None:
    if again:
        customer.register()

    invalid(register(customer, {"email": "other@example.com"}), "email")


@pytest.mark.parametrize(
    "email",
    [
        "a" * 243 + "@example.com",
        "me\u0000@example.com",
        "me@example.com\n",
        "me\ud800@example.com",
        "",
        7,
        True,
        ["me@example.com"],
        {"address": "me@example.com"},
    ],
)
def test_what_is_no_email_is_refused(customer: Customer, email: Any) -> None:
    invalid(register(customer, {"email": email}), "email")


def test_an_email_may_have_254_characters(new_customer: Callable[..., Customer]) -> None:
    email = "a" * 242 + "@example.com"

    user = expect(register(new_customer(email=email), {"email": email}), 201)["user"]

    assert user["email"] == email


@pytest.mark.parametrize("email", ["x" * 3000 + "@example.com", "a@b@c", "日本@例え.jp"])
def test_an_odd_email_in_the_token_does_no_harm(
    new_customer: Callable[..., Customer], email: str
) -> None:
    answer = register(new_customer(email=email), {})

    assert answer.status_code < 500


@pytest.mark.parametrize("path", ["/v1/dashboard", "/v1/offers"])
def test_somebody_who_never_registered_has_nothing_to_see(customer: Customer, path: str) -> None:
    error_of(customer.get(path), 404, "NOT_FOUND")


def test_somebody_who_never_registered_cannot_ask_for_a_card(customer: Customer) -> None:
    error_of(customer.request_card(), 404, "NOT_FOUND")


def test_a_new_user_has_one_score_record(admin: Admin, customer: Customer) -> None:
    user = customer.register()

    answer = expect(admin.get(f"/v1/admin/users/{customer.ecosystem_id}/score"), 200)

    assert answer["history"] == [
        {
            "value": 500,
            "previousValue": 0,
            "delta": 500,
            "reason": "initial_score",
            "source": "system",
            "timestamp": user["createdAt"],
        }
    ]

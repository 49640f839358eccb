"""Cursors and confirmation tokens: what the service signs, it believes only as it signed it."""

import json
import string
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.core import signing

from financial_api.kernel.clock import iso
from tests.security.conftest import SECRET_KEY
from tests.support.api import Admin, Customer, error_of, expect, invalid

OUTBOX = "/v1/admin/outbox"
CLEANUP = "/v1/admin/cleanup"
CLEANUP_SALT = "cleanup-confirmation"
ANOTHER_KEY = "of-another-server-0123456789-0123456789-0123456789-01"
LETTERS = string.ascii_letters + string.digits + "-_"


def signed(value: Any, salt: str, key: str = SECRET_KEY) -> str:
    text: str = signing.dumps(value, key=key, salt=salt)
    return text


class History:
    """A card with transactions on two pages, and the cursor that leads to the second."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        card_id = customer.card()
        for amount in (1, 2):
            expect(customer.buy(card_id, amount), 201)
        self.path = f"/v1/cards/{card_id}/transactions"
        self.salt = f"transactions/{customer.ecosystem_id}/{card_id}/None"
        first = expect(customer.get(self.path, params={"limit": 1}), 200)
        self.cursor: str = first["pagination"]["nextCursor"]
        self.position: str = signing.loads(self.cursor, key=SECRET_KEY, salt=self.salt)

    def after(self, cursor: str) -> httpx.Response:
        return self.customer.get(self.path, params={"cursor": cursor})


@pytest.fixture
def history(customer: Customer) -> History:
    return History(customer)


def test_a_cursor_is_believed_for_its_signature_by_our_key_alone(history: History) -> None:
    ours, anothers = (
        signed(history.position, history.salt, key) for key in (SECRET_KEY, ANOTHER_KEY)
    )

    expect(history.after(ours), 200)
    invalid(history.after(anothers), "cursor")


def test_a_cursor_with_any_letter_changed_is_refused(history: History) -> None:
    for place, letter in enumerate(history.cursor):
        other = next(each for each in LETTERS if each != letter)
        changed = f"{history.cursor[:place]}{other}{history.cursor[place + 1 :]}"

        invalid(history.after(changed), "cursor")


def test_what_is_signed_for_something_else_is_no_cursor(history: History) -> None:
    salts = [CLEANUP_SALT, "", "django.core.signing", f"{history.salt}/", "outbox/None/None/None"]

    for salt in salts:
        invalid(history.after(signed(history.position, salt)), "cursor")


def test_what_nobody_signed_is_not_even_unpacked(history: History) -> None:
    """A payload that begins with a dot is a compressed one, once it is believed."""
    value = urlsafe_b64encode(json.dumps(history.position).encode()).decode().rstrip("=")

    for text in (f".{value}", value, f"{value}:1abcde:", f".{'A' * 900}:1abcde:c2ln"):
        invalid(history.after(text), "cursor")


def test_the_cursor_of_one_list_of_admins_does_not_fit_another(
    admin: Admin, customer: Customer
) -> None:
    customer.card()
    answer = expect(admin.get(OUTBOX, params={"limit": 1}), 200)
    cursor = answer["pagination"]["nextCursor"]

    expect(admin.get(OUTBOX, params={"cursor": cursor}), 200)
    elsewhere: list[tuple[str, dict[str, str]]] = [
        (OUTBOX, {"status": "pending"}),
        (OUTBOX, {"entityType": "user", "entityId": customer.ecosystem_id}),
        ("/v1/admin/card-requests", {}),
        ("/v1/admin/audit-logs", {"actor": admin.ecosystem_id}),
    ]
    for path, params in elsewhere:
        invalid(admin.get(path, params=params | {"cursor": cursor}), "cursor")


def confirm(admin: Customer, token: str) -> httpx.Response:
    return admin.post(CLEANUP, {"confirmationToken": token}, key="")


def confirmation(admin: Admin) -> str:
    token: str = expect(admin.post(CLEANUP, {}, key=""), 400)["confirmationToken"]
    return token


def issued(admin: Admin, age: timedelta, **options: str) -> str:
    """Return a confirmation token as it was given to an admin so long ago."""
    given = [admin.ecosystem_id, iso(datetime.now(UTC) - age)]
    return signed(given, **{"salt": CLEANUP_SALT} | options)


def test_a_confirmation_is_over_after_five_minutes(admin: Admin) -> None:
    expired = invalid(confirm(admin, issued(admin, timedelta(minutes=5))), "confirmationToken")

    assert "expired" in expired["message"]


def test_a_confirmation_that_we_did_not_sign_is_refused(admin: Admin, history: History) -> None:
    fresh = timedelta(seconds=1)
    forged = {
        "another key's": issued(admin, fresh, key=ANOTHER_KEY),
        "for something else": issued(admin, fresh, salt="outbox/None/None/None"),
        "a cursor": history.cursor,
    }

    for token in forged.values():
        refused = invalid(confirm(admin, token), "confirmationToken")
        assert "expired" not in refused["message"]


def test_a_confirmation_with_any_letter_changed_is_refused(admin: Admin) -> None:
    token = confirmation(admin)
    for place, letter in enumerate(token):
        other = next(each for each in LETTERS if each != letter)

        changed = f"{token[:place]}{other}{token[place + 1 :]}"
        invalid(confirm(admin, changed), "confirmationToken")


def test_an_admins_confirmation_is_nothing_in_the_hands_of_a_user(
    admin: Admin, customer: Customer
) -> None:
    card_id = customer.card()

    error_of(confirm(customer, confirmation(admin)), 403, "FORBIDDEN")
    expect(customer.get(f"/v1/cards/{card_id}"), 200)

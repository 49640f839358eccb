"""Accounts that are disabled: by an admin, or at the identity provider."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.api import Admin, Customer, error_of, eventually, expect
from tests.support.document import filled, operations

READS_FOLLOW_WITHIN_SECONDS = 5.5
PROVIDERS = "disabled-at-the-provider"


@pytest.mark.parametrize("role", ["user", "admin"])
def test_an_account_the_provider_disabled_is_refused_everywhere(
    new_customer: Callable[..., Customer], role: str
) -> None:
    disabled = new_customer(PROVIDERS, role)

    for method, path in operations("/v1/"):
        error_of(disabled.call(method, filled(path)), 403, "ACCOUNT_DISABLED")


def test_a_user_an_admin_disabled_is_refused_at_once(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()

    expect(admin.set_status(customer, "disable"), 200)

    error_of(customer.buy(card_id, 1), 403, "ACCOUNT_DISABLED")


def test_a_disabled_user_cannot_register_again(admin: Admin, customer: Customer) -> None:
    customer.register()

    expect(admin.set_status(customer, "disable"), 200)

    error_of(customer.post("/v1/users", {}, key=""), 403, "ACCOUNT_DISABLED")


def test_a_disabled_user_is_not_replayed_an_answer(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 1, key="mine"), 201)

    expect(admin.set_status(customer, "disable"), 200)

    error_of(customer.buy(card_id, 1, key="mine"), 403, "ACCOUNT_DISABLED")


def test_reads_of_a_disabled_user_are_refused_soon(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.get("/v1/dashboard"), 200)

    expect(admin.set_status(customer, "disable"), 200)

    for path in ("/v1/dashboard", "/v1/cards", "/v1/offers", f"/v1/cards/{card_id}"):
        refused = eventually(
            lambda path=path: _refusal(customer.get(path)), READS_FOLLOW_WITHIN_SECONDS
        )
        error_of(refused, 403, "ACCOUNT_DISABLED")


def test_an_enabled_user_is_let_in_again(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(admin.set_status(customer, "disable"), 200)

    expect(admin.set_status(customer, "enable"), 200)

    bought = eventually(
        lambda: _success(customer.buy(card_id, 1)), seconds=READS_FOLLOW_WITHIN_SECONDS
    )
    assert bought.status_code == 201


def test_an_admin_who_is_disabled_is_refused(new_admin: Callable[[], Admin]) -> None:
    admin, disabled = new_admin(), new_admin()
    disabled.register()

    expect(admin.set_status(disabled, "disable"), 200)

    error_of(disabled.set_status(admin, "disable"), 403, "ACCOUNT_DISABLED")


def test_commands_are_refused_at_once_by_every_process(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    somewhere = {"Connection": "close"}
    for _ in range(8):
        expect(customer.get("/v1/cards", headers=somewhere), 200)

    expect(admin.set_status(customer, "disable"), 200)

    for _ in range(8):
        refused = customer.buy(card_id, 1, headers=somewhere)
        error_of(refused, 403, "ACCOUNT_DISABLED")


def _refusal(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.is_error else None


def _success(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.is_success else None

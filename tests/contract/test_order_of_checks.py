"""Which fault is told first: route, token, account, role, and only then the rest."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import NOBODYS_ID, Api, Customer, error_of
from tests.support.document import filled, operations

PURCHASES = f"/v1/cards/{NOBODYS_ID}/transactions/purchases"
APPROVE = f"/v1/admin/card-requests/{NOBODYS_ID}/approve"
FAULTS: dict[str, dict[str, Any]] = {
    "method": {"method": "PUT"},
    "media type": {"content": "amount=1", "headers": {"Content-Type": "text/plain"}},
    "key": {"key": "k" * 65},
    "body": {"content": "{"},
    "existence": {"content": '{"amount": 1, "creditLimit": 1000}', "key": "fine"},
    "size": {"content": "x" * 70_000},
}


def call(api: Api, path: str, options: dict[str, Any]) -> Any:
    return api.call(**({"method": "POST", "path": path} | options))


@pytest.mark.parametrize("path", [PURCHASES, APPROVE], ids=["user", "admin"])
@pytest.mark.parametrize("options", FAULTS.values(), ids=FAULTS)
def test_a_missing_token_is_told_before_anything_else(
    anyone: Api, path: str, options: dict[str, Any]
) -> None:
    error_of(call(anyone, path, options), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("options", FAULTS.values(), ids=FAULTS)
def test_a_missing_role_is_told_before_anything_of_the_request(
    customer: Customer, options: dict[str, Any]
) -> None:
    error_of(call(customer, APPROVE, options), 403, "FORBIDDEN")


@pytest.mark.parametrize("options", FAULTS.values(), ids=FAULTS)
def test_a_disabled_account_is_told_before_anything_of_the_request(
    new_customer: Callable[..., Customer], options: dict[str, Any]
) -> None:
    disabled = new_customer("disabled-at-the-provider")

    error_of(call(disabled, PURCHASES, options), 403, "ACCOUNT_DISABLED")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/admin/nothing", "/v1/users/", "/nothing"])
def test_an_unknown_route_is_unknown_to_anyone(anyone: Api, path: str) -> None:
    error_of(anyone.get(path), 404, "NOT_FOUND")


def test_an_unknown_route_is_unknown_to_a_disabled_account(
    new_customer: Callable[..., Customer],
) -> None:
    error_of(new_customer("disabled-at-the-provider").get("/v1/nothing"), 404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), operations("/v1/admin"))
def test_everything_of_admins_refuses_a_user(customer: Customer, method: str, path: str) -> None:
    error_of(customer.call(method, filled(path)), 403, "FORBIDDEN")


def test_a_user_record_of_an_admin_does_not_make_its_other_token_one(
    new_customer: Callable[..., Customer],
) -> None:
    admin = new_customer(role="admin")
    admin.register()

    same_as_user = new_customer(admin.ecosystem_id)

    error_of(same_as_user.get("/v1/admin/outbox"), 403, "FORBIDDEN")

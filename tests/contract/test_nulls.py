"""Null: the absence of what is optional, and no value of what is required."""

from typing import Any

import pytest

from tests.support.api import Admin, Customer, expect, invalid
from tests.support.document import document


def bodies() -> dict[str, dict[str, Any]]:
    """Return the schema of each operation's body, by the operation's name."""
    schemas = document()["components"]["schemas"]
    found = {}
    for described in document()["paths"].values():
        for operation in described.values():
            if body := operation.get("requestBody"):
                reference = body["content"]["application/json"]["schema"]["$ref"]
                found[operation["operationId"]] = schemas[reference.rpartition("/")[2]]
    return found


@pytest.mark.parametrize("schema", bodies().values(), ids=bodies())
def test_the_document_allows_null_for_what_is_optional_alone(schema: dict[str, Any]) -> None:
    allowing = {
        name
        for name, described in schema["properties"].items()
        if "type" not in described or "null" in described["type"]
    }

    assert allowing == schema["properties"].keys() - set(schema.get("required", ()))


def test_an_email_may_be_null(customer: Customer) -> None:
    expect(customer.post("/v1/users", {"email": None}, key=""), 201)


def test_a_purchase_at_null_is_one_without_a_merchant(customer: Customer) -> None:
    card_id = customer.card()
    path = f"/v1/cards/{card_id}/transactions/purchases"
    first = customer.post(path, {"amount": 10, "merchant": None}, key="mine")

    second = customer.post(path, {"amount": 10}, key="mine")

    assert expect(first, 201)["transaction"]["merchant"] == "Unknown Merchant"
    expect(second, 200)
    assert second.content == first.content


def test_an_approval_for_null_is_one_without_a_reason(admin: Admin, customer: Customer) -> None:
    path = f"/v1/admin/card-requests/{admin.pending_request(customer)}/approve"
    first = admin.post(path, {"creditLimit": 1000, "reason": None}, key="mine")

    second = admin.post(path, {"creditLimit": 1000}, key="mine")

    expect(first, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content == first.content


def test_a_cleanup_by_null_asks_for_confirmation(admin: Admin) -> None:
    answer = expect(admin.post("/v1/admin/cleanup", {"confirmationToken": None}, key=""), 400)

    assert answer["confirmationToken"]


def test_null_is_no_value_of_what_is_required(admin: Admin, customer: Customer) -> None:
    customer.register()

    invalid(customer.post("/v1/cards/requests", {"productId": None}), "productId")
    invalid(admin.set_score(customer, None), "score")
    invalid(admin.set_score(customer, 600, None), "reason")

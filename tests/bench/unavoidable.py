"""The calls to DynamoDB that a purchase cannot avoid, by boto3 with nothing round them."""

import time
import uuid
from typing import Any

import boto3

from financial_api.kernel.encoding import loads
from tests.support.aws_requests import watched
from tests.support.customers import a_cardholder
from tests.support.emulators import REGION

FRESH = {"transactionId", "typeTransactionId", "eventId", "keyHash"}
"""The key attributes of what a purchase adds; the rest it replaces."""


class Unavoidable:
    """One batch read and one transaction of what a purchase reads and writes, again and again."""

    def __init__(self, url: str) -> None:
        session = boto3.Session(region_name=REGION)
        self._client = session.client("dynamodb", endpoint_url=url)
        self._read, self._write = _bodies_of_a_purchase()

    def seconds_each(self, count: int) -> float:
        """Return how long the two calls take on average."""
        started = time.perf_counter()
        for _ in range(count):
            self._client.batch_get_item(RequestItems=self._read["RequestItems"])
            self._client.transact_write_items(
                TransactItems=list(map(_anew, self._write["TransactItems"])),
                ClientRequestToken=str(uuid.uuid4()),
            )
        return (time.perf_counter() - started) / count


def _bodies_of_a_purchase() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a purchase through the services sends to DynamoDB."""
    customer = a_cardholder(f"bench-{uuid.uuid4().hex[:8]}")
    card = customer.card
    sent: list[dict[str, Any]] = []
    with watched(lambda request: sent.append(loads(request.body))):
        customer.buy(card, "0.01")
    read, write = sent
    return read, write


def _anew(item: dict[str, Any]) -> dict[str, Any]:
    """Return a write of a transaction as another purchase would make it."""
    ((kind, change),) = item.items()
    if kind != "Put":
        return item
    stored = dict(change["Item"])
    fresh = FRESH & set(stored)
    for name in fresh:
        stored[name] = {"S": uuid.uuid4().hex}
    partition = "eventId" if "eventId" in stored else next(iter(stored))
    return {
        "Put": {
            "TableName": change["TableName"],
            "Item": stored,
            "ConditionExpression": "attribute_not_exists(#key)"
            if fresh
            else "attribute_exists(#key)",
            "ExpressionAttributeNames": {"#key": partition},
        }
    }

"""DynamoDB as this backend uses it: a batch read, a transaction, and queries that fill a page."""

import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra_backends.aws.failures import reasons_of
from infra_backends.aws.service import Service
from infra_backends.aws.tables import Table
from infra_backends.exceptions import BackendRefused, BackendUnavailable, ConcurrencyError
from infra_backends.failures import Again, Failure
from infra_backends.persistence.dynamodb.expressions import Parameters, Selection, keys_without
from infra_backends.persistence.dynamodb.items import Item, is_key, text
from infra_backends.retries import retried

logger = logging.getLogger(__name__)

MOST_KEYS = 100
"""What one BatchGetItem may ask for."""
MOST_PAGES = 10_000
FILTERED_PAGE = 100


class Store:
    """The tables of one installation. `prefix` is what their names begin with."""

    def __init__(self, service: Service, prefix: str) -> None:
        self._service = service
        self._prefix = prefix

    def name_of(self, table: Table) -> str:
        return self._prefix + table.name

    def read(self, keys: Mapping[str, Sequence[Item]]) -> dict[str, list[Item]]:
        """Return the items under keys by table, consistently; in no order.

        Raises BackendUnavailable when some could not be had in time.
        """
        found: dict[str, list[Item]] = {name: [] for name in keys}
        for batch in _batches(keys):
            self._read_batch(batch, found)
        return found

    def _read_batch(self, batch: dict[str, Any], found: dict[str, list[Item]]) -> None:
        def read_some() -> None:
            nonlocal batch
            asked = batch.keys()
            answer = self._call(
                "batch_get_item",
                lambda given: given["Responses"].keys() | given["UnprocessedKeys"].keys() == asked,
                RequestItems=batch,
            )
            for name, items in answer["Responses"].items():
                found[name] += items
            batch = answer["UnprocessedKeys"]
            if batch:
                raise BackendUnavailable("DynamoDB left keys unread", Failure.PARTIAL)

        retried(read_some, Again.THE_REST)

    def write(self, items: Sequence[dict[str, Any]]) -> None:
        """Make all of a transaction's changes or none of them.

        It is sent again under the same token, so that it takes effect once however often its
        answer is lost. Raises ConcurrencyError when a condition failed or others kept changing
        the same items, BackendUnavailable.
        """
        tables = {change["TableName"] for item in items for change in item.values()}
        try:
            self._call(
                "transact_write_items",
                lambda given: _named(given["ConsumedCapacity"]) == tables,
                TransactItems=items,
                ClientRequestToken=str(uuid.uuid4()),
                ReturnConsumedCapacity="TOTAL",  # else its answer is as empty as no answer
            )
        except ConcurrencyError as error:
            said = f"{_contested(error, items)} was in the way"
            raise ConcurrencyError(said, error.failure) from error

    def query(
        self,
        table: Table,
        selection: Selection,
        *,
        index: str | None = None,
        ascending: bool = False,
        limit: int | None = None,
    ) -> list[Item]:
        """Return up to `limit` items in the order of the sort key, however many calls that takes.

        The table and its local indexes are read consistently. A partition that no key can name is
        empty.
        """
        if not is_key(selection.partition[1]):
            return []
        parameters = selection.parameters() | {"ScanIndexForward": ascending}
        if index is not None:
            parameters["IndexName"] = index
        if index is None or table.index(index).local:
            parameters["ConsistentRead"] = True
        attribute, value = selection.partition
        expected = {} if selection.only else {attribute: text(value)}
        return self._pages("query", table, parameters, limit, expected)

    def scan_keys(self, table: Table, limit: int, without: Sequence[str] = ()) -> list[Item]:
        """Return up to `limit` keys of a table, in no order and consistently.

        Those whose partition begins with one of `without` are left out.
        """
        parameters = keys_without(table, without) | {"ConsistentRead": True}
        return self._pages("scan", table, parameters, limit, {})

    def _pages(
        self,
        operation: str,
        table: Table,
        parameters: Parameters,
        limit: int | None,
        expected: Item,
    ) -> list[Item]:
        """Return what an operation finds; with a filter, its limit is of what it looks at.

        An item without what is `expected` in each is no answer.
        """
        items: list[Item] = []
        for _ in range(MOST_PAGES):
            if limit is not None:
                missing = limit - len(items)
                filtered = "FilterExpression" in parameters
                parameters["Limit"] = max(missing, FILTERED_PAGE) if filtered else missing
            answer = self._call(
                operation,
                lambda given: all(expected.items() <= item.items() for item in given["Items"]),
                TableName=self.name_of(table),
                **parameters,
            )
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(items) >= limit):
                return items[:limit]
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        raise BackendUnavailable(f"{operation} of {table.name} did not end")

    def _call(self, operation: str, is_whole: Callable[[Any], bool], **parameters: Any) -> Any:
        try:
            return self._service.call(operation, is_whole, **parameters)
        except BackendRefused as refusal:
            logger.warning("%s", refusal)
            if refusal.code not in _UNPROVISIONED:
                raise
            cure = "so `manage.py aws_provision` has not made this AWS_PREFIX's tables"
            raise BackendRefused(f"dynamodb {operation}", refusal.code, cure) from refusal


_UNPROVISIONED = {"ResourceNotFoundException", "ValidationException"}
"""How a table is missing, and an index; the latter also as long as it is built."""


def _batches(keys: Mapping[str, Sequence[Item]]) -> Iterator[dict[str, Any]]:
    named = [(name, key) for name, of_table in keys.items() for key in of_table]
    for start in range(0, len(named), MOST_KEYS):
        batch: dict[str, Any] = {}
        for name, key in named[start : start + MOST_KEYS]:
            batch.setdefault(name, {"Keys": [], "ConsistentRead": True})["Keys"].append(key)
        yield batch


def _named(consumed: Collection[Mapping[str, Any]]) -> set[str]:
    """Return the tables of which an answer says what they have consumed."""
    return {str(each.get("TableName")) for each in consumed}


def _contested(error: ConcurrencyError, items: Sequence[dict[str, Any]]) -> str:
    """Return the names of the tables whose items were in the way."""
    cause = error.__cause__
    reasons = reasons_of(cause) if isinstance(cause, ClientError) else []
    changes = (change for item in items for change in item.values())
    contested = {
        change["TableName"] for change, reason in zip(changes, reasons, strict=False) if reason
    }
    return " or ".join(sorted(contested)) or "something"

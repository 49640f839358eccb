"""DynamoDB as this backend uses it: a batch read, a transaction, and queries that fill a page."""

import logging
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.service import THROTTLED, Service, code_of
from infra_backends.aws.tables import Table
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.dynamodb.expressions import Parameters, Selection, keys_without
from infra_backends.persistence.dynamodb.items import Item, is_key

logger = logging.getLogger(__name__)

MOST_KEYS = 100
"""What one BatchGetItem may ask for."""
MOST_ROUNDS = 8
"""How often what was left of a batch or a refused transaction is sent again."""
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
MOST_PAGES = 10_000
FILTERED_PAGE = 100

CONDITION_FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"
OVERLOADED = THROTTLED | {"ThrottlingError", "ProvisionedThroughputExceeded"}
IN_PROGRESS = frozenset({"TransactionInProgressException", "TransactionConflictException"})


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
        for number in range(MOST_ROUNDS):
            answer = self._call("batch_get_item", RequestItems=batch)
            for name, items in answer["Responses"].items():
                found[name] += items
            batch = answer.get("UnprocessedKeys") or {}
            if not batch:
                return
            _pause(number)
        raise BackendUnavailable(f"DynamoDB left keys unread {MOST_ROUNDS} times")

    def write(self, items: Sequence[dict[str, Any]]) -> None:
        """Make all of a transaction's changes or none of them.

        It is sent again under the same token, so that it takes effect once however often its
        answer is lost. Raises ConcurrencyError when a condition failed or others kept changing
        the same items, BackendUnavailable.
        """
        token = str(uuid.uuid4())
        refusal = ""
        for number in range(MOST_ROUNDS):
            try:
                self._call("transact_write_items", TransactItems=items, ClientRequestToken=token)
            except ClientError as error:
                refusal = _refusal(error, items)
            else:
                return
            if not _pause(number):
                break
        if refusal == CONFLICT:
            raise ConcurrencyError("others kept changing the same items")
        raise BackendUnavailable(f"DynamoDB refused a transaction: {refusal}")

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
        return self._pages("query", table, parameters, limit)

    def scan_keys(self, table: Table, limit: int, without: Sequence[str] = ()) -> list[Item]:
        """Return up to `limit` keys of a table, in no order and consistently.

        Those whose partition begins with one of `without` are left out.
        """
        parameters = keys_without(table, without) | {"ConsistentRead": True}
        return self._pages("scan", table, parameters, limit)

    def _pages(
        self, operation: str, table: Table, parameters: Parameters, limit: int | None
    ) -> list[Item]:
        """Return what an operation finds; with a filter, its limit is of what it looks at."""
        items: list[Item] = []
        for _ in range(MOST_PAGES):
            if limit is not None:
                missing = limit - len(items)
                filtered = "FilterExpression" in parameters
                parameters["Limit"] = max(missing, FILTERED_PAGE) if filtered else missing
            answer = self._call(operation, TableName=self.name_of(table), **parameters)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(items) >= limit):
                return items[:limit]
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        raise BackendUnavailable(f"{operation} of {table.name} did not end")

    def _call(self, operation: str, **parameters: Any) -> Any:
        """Raise ClientError only for what is about the request itself."""
        try:
            return self._service.call(operation, **parameters)
        except ClientError as error:
            if code_of(error) in _ABOUT_THE_REQUEST:
                raise
            logger.warning("DynamoDB refuses %s: %s", operation, code_of(error))
            raise BackendUnavailable(f"DynamoDB: {code_of(error)}{_cure(error)}") from error


def _cure(error: ClientError) -> str:
    """Return what an operator can do about a refusal, if that is known."""
    is_missing = code_of(error) == "ResourceNotFoundException"
    return (
        ", so `manage.py aws_provision` has not made this AWS_PREFIX's tables" if is_missing else ""
    )


_ABOUT_THE_REQUEST = IN_PROGRESS | {
    "IdempotentParameterMismatchException",
    "TransactionCanceledException",
    "ValidationException",
}


def _batches(keys: Mapping[str, Sequence[Item]]) -> Iterator[dict[str, Any]]:
    named = [(name, key) for name, of_table in keys.items() for key in of_table]
    for start in range(0, len(named), MOST_KEYS):
        batch: dict[str, Any] = {}
        for name, key in named[start : start + MOST_KEYS]:
            batch.setdefault(name, {"Keys": [], "ConsistentRead": True})["Keys"].append(key)
        yield batch


def _refusal(error: ClientError, items: Sequence[dict[str, Any]]) -> str:
    """Return why a transaction was refused that may be sent again as it is.

    Raises ConcurrencyError for a failed condition, and the error itself for any other reason.
    """
    if code_of(error) in IN_PROGRESS:
        return CONFLICT
    reasons = [
        reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])
    ]
    for reason, item in zip(reasons, items, strict=False):
        if reason == CONDITION_FAILED:
            (change,) = item.values()
            raise ConcurrencyError(f"{change['TableName']} has moved") from error
    passing = set(reasons) - {"None"}
    if passing and passing <= {CONFLICT, *OVERLOADED}:
        return CONFLICT if CONFLICT in passing else min(passing)
    raise error


def _pause(number: int) -> bool:
    """Wait with full jitter before the next round; False when there is no time left for it."""
    pause = random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**number))  # noqa: S311  # jitter
    if not deadline.allows(pause):
        return False
    clock.sleep(pause)
    return True

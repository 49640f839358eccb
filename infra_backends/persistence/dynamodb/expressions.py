"""The expressions of a request: what a query selects, and the condition a write is made on.

Every attribute is named through a placeholder, since many are words that DynamoDB reserves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra_backends.aws.tables import Table
from infra_backends.persistence.dynamodb.items import Item, number, text

Parameters = dict[str, Any]


class Placeholders:
    """The names and values that a request's expressions refer to."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        self._names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, value: Mapping[str, Any]) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def compare(self, attribute: str, operator: str, value: Mapping[str, Any]) -> str:
        return f"{self.name(attribute)} {operator} {self.value(value)}"

    def parameters(self) -> Parameters:
        named: Parameters = {"ExpressionAttributeNames": self._names} if self._names else {}
        if self._values:
            named["ExpressionAttributeValues"] = self._values
        return named


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a query finds in a partition.

    `sort` narrows the sort key: attribute, operator (`<`, `<=`, `>`, `BETWEEN` or `begins_with`)
    and its one or two values. `having` are other attributes that must be equal. `only` names what
    to return of each item.
    """

    partition: tuple[str, str]
    sort: tuple[str, ...] | None = None
    having: Mapping[str, str] = field(default_factory=dict)
    only: Sequence[str] = ()

    def parameters(self) -> Parameters:
        places = Placeholders()
        attribute, value = self.partition
        condition = places.compare(attribute, "=", text(value))
        if self.sort is not None:
            attribute, operator, *values = self.sort
            name, wanted = places.name(attribute), [places.value(text(value)) for value in values]
            if operator == "begins_with":
                condition += f" AND begins_with({name}, {wanted[0]})"
            else:
                condition += f" AND {name} {operator} {' AND '.join(wanted)}"
        parameters: Parameters = {"KeyConditionExpression": condition}
        if self.having:
            parameters["FilterExpression"] = " AND ".join(
                places.compare(attribute, "=", text(value))
                for attribute, value in self.having.items()
            )
        if self.only:
            parameters["ProjectionExpression"] = ", ".join(map(places.name, self.only))
        return parameters | places.parameters()


def keys_without(table: Table, prefixes: Sequence[str]) -> Parameters:
    """Return what a scan needs for the keys of a table that begin with none of the prefixes."""
    places = Placeholders()
    parameters: Parameters = {"ProjectionExpression": ", ".join(map(places.name, table.key))}
    if prefixes:
        partition = places.name(table.partition)
        parameters["FilterExpression"] = " AND ".join(
            f"NOT begins_with({partition}, {places.value(text(prefix))})" for prefix in prefixes
        )
    return parameters | places.parameters()


def if_absent(
    table: Table, *, or_else: tuple[str, str, Mapping[str, Any]] | None = None
) -> Parameters:
    """Return the condition that there is no such item, or that one compares as given."""
    places = Placeholders()
    condition = f"attribute_not_exists({places.name(table.partition)})"
    if or_else is not None:
        condition += f" OR {places.compare(*or_else)}"
    return {"ConditionExpression": condition} | places.parameters()


def if_present(table: Table) -> Parameters:
    """Return the condition that there is such an item."""
    places = Placeholders()
    condition = f"attribute_exists({places.name(table.partition)})"
    return {"ConditionExpression": condition} | places.parameters()


def if_at(table: Table, guard: str, expected: int) -> Parameters:
    """Return the condition that an item's guard is as it was read; 0 is an item not yet stored."""
    if expected == 0:
        return if_absent(table)
    places = Placeholders()
    condition = places.compare(guard, "=", number(expected))
    return {"ConditionExpression": condition} | places.parameters()


def put(name: str, item: Item, condition: Parameters) -> Parameters:
    return {"Put": {"TableName": name, "Item": item} | condition}


def delete(name: str, key: Item, condition: Parameters) -> Parameters:
    return {"Delete": {"TableName": name, "Key": key} | condition}


def check(name: str, key: Item, condition: Parameters) -> Parameters:
    return {"ConditionCheck": {"TableName": name, "Key": key} | condition}

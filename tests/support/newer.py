"""What a newer version leaves in a store: places in its rows that this version knows nothing of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from django.apps import apps
from django.db import migrations, models  # noqa: TID251  # what migrates is the newer version
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: TID251
from django.db.migrations.loader import MigrationLoader  # noqa: TID251

from financial_api.kernel.keys import Stored
from infra_backends.aws.tables import TABLES
from infra_backends.persistence.memory.tables import Tables
from tests.support.store import Marks, Newer

ORM_APP = "orm_persistence"


def lost(before: Marks, newer: Newer) -> Marks:
    """Return what was held before and is not any more."""
    after = newer.marks()
    return {place: held for place, held in before.items() if after.get(place) != held}


def of_waiting(marks: Marks) -> Marks:
    """Return what is held of the requests that users wait for, which are parts of their rows."""
    return {place: held for place, held in marks.items() if str(place[-1]).startswith("pending")}


class NewerRows(Newer):
    """In the memory of this process: of what is saved again, as nothing else is ever written."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def mark(self, text: str) -> None:
        for row in list(self._tables.rows.values()):
            if isinstance(row, Stored):
                self._tables.put(_marked_row(row, text))

    def marks(self) -> Marks:
        return {
            (key, *path): part.rest["madeUp"]
            for key, row in self._tables.rows.items()
            for path, part in _parts_of(row)
            if "madeUp" in part.rest
        }


class NewerItems(Newer):
    """In the tables of DynamoDB behind a prefix, as a boto3 client reaches them."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def mark(self, text: str) -> None:
        for name, _, item in self._items():
            self._client.put_item(TableName=name, Item=_marked_item(item, text))

    def marks(self) -> Marks:
        return {
            (name, *key, *path): _plain(part["madeUp"])
            for name, key, item in self._items()
            for path, part in _maps_of(item)
            if "madeUp" in part
        }

    def _items(self) -> Iterator[tuple[str, Sequence[str], dict[str, Any]]]:
        for table in TABLES:
            name = self._prefix + table.name
            for page in self._client.get_paginator("scan").paginate(
                TableName=name, ConsistentRead=True
            ):
                for item in page["Items"]:
                    yield name, [item[attribute]["S"] for attribute in table.key], item


class NewerColumns(Newer):
    """In a database: it is migrated as a newer version would, with more columns and members."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._models = list(apps.get_app_config(ORM_APP).get_models())
        migration = migrations.Migration("newer", ORM_APP)
        migration.operations = [one for model in self._models for one in _changes(model)]
        with connection.schema_editor() as editor:
            migration.apply(MigrationLoader(connection).project_state(), editor)

    def mark(self, text: str) -> None:
        with self._connection.cursor() as cursor:
            for model in self._models:
                table = model._meta.db_table
                cursor.execute(f'UPDATE "{table}" SET made_up = %s, counted = 8', [text])  # noqa: S608

    def marks(self) -> Marks:
        found: Marks = {}
        with self._connection.cursor() as cursor:
            for model in self._models:
                table = model._meta.db_table
                key = ", ".join(f'"{field.column}"' for field in model._meta.pk_fields)
                cursor.execute(
                    f'SELECT made_up, counted, {key} FROM "{table}" WHERE made_up IS NOT NULL'  # noqa: S608
                )
                found |= {(table, *key): (text, count) for text, count, *key in cursor.fetchall()}
        return found


def _changes(model: type[models.Model]) -> list[migrations.operations.base.Operation]:
    """Return what only adds to a table, and has it take any text for a member."""
    name = model._meta.model_name
    assert name is not None
    of_members = [
        constraint.name
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint) and "__in" in str(constraint.condition)
    ]
    return [
        *(migrations.RemoveConstraint(name, constraint) for constraint in of_members),
        migrations.AddField(name, "made_up", models.TextField(null=True)),
        migrations.AddField(name, "counted", models.IntegerField(db_default=7)),
    ]


def _marked_row(row: Any, text: str) -> Any:
    """Return a stored thing with a text in its `rest`, and in that of its parts."""
    parts = {
        field.name: _marked_row(part, text)
        for field in fields(row)
        if isinstance(part := getattr(row, field.name), Stored)
    }
    return replace(row, **parts, rest={"madeUp": text})


def _parts_of(row: Any) -> Iterator[tuple[tuple[str, ...], Stored]]:
    if isinstance(row, Stored):
        yield (), row
        for field in fields(row):
            if isinstance(part := getattr(row, field.name), Stored):
                yield (field.name,), part


def _marked_item(item: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return an item, or the map that a part of it is, with an attribute of every type in one."""
    parts = {
        name: {"M": _marked_item(value["M"], text)}
        for name, value in item.items()
        if "M" in value and name != "madeUp"
    }
    held = {
        "text": {"S": text},
        "number": {"N": "1.5"},
        "bytes": {"B": b"\x00\xff" + text.encode()},
        "nothing": {"NULL": True},
        "flag": {"BOOL": False},
        "texts": {"SS": ["a", "b"]},
        "list": {"L": [{"N": "1"}, {"B": b"\xfe"}, {"M": {}}]},
    }
    return {**item, **parts, "madeUp": {"M": held}}


def _maps_of(item: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    yield (), item
    for name, value in item.items():
        if "M" in value and name != "madeUp":
            yield (name,), value["M"]


def _plain(value: Any) -> Any:
    """Return an attribute's value with sets as those of Python."""
    ((tag, held),) = value.items()
    if tag == "M":
        return {name: _plain(one) for name, one in held.items()}
    if tag == "L":
        return [_plain(one) for one in held]
    return set(held) if tag.endswith("S") and tag != "S" else held

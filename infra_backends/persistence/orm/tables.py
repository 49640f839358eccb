"""A table of entities: the reads by key and by page, and the conditional statements of a commit.

The statements are written from the table's model: having Django compile them for every commit and
page takes longer than running them.
"""

# ruff: noqa: S608
# What is put into a statement's text is only ever the name of a table, a column or a condition.

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.orm.fields import IdField, is_id, is_text
from infra_backends.persistence.orm.rows import RowMapping

if TYPE_CHECKING:
    Column = models.Field[Any, Any]
else:
    Column = models.Field

E = TypeVar("E")
Converter = Callable[[Any, Any, BaseDatabaseWrapper], Any]


class Table(Generic[E]):
    """The table of one kind of entity.

    `key` names the columns that tell its rows apart, `guard` the one that every change of a row
    moves. `there` is the condition on which a row counts as stored; `gives_way` the one on which
    a stored row makes room for an inserted one.
    """

    def __init__(
        self,
        model: type[models.Model],
        rows: RowMapping[E],
        *key: str,
        guard: str = "version",
        there: str = "",
        gives_way: str = "",
    ) -> None:
        self.model = model
        self.rows = rows
        self._key = key
        self._name = f'"{model._meta.db_table}"'
        self._columns = columns = {field.attname: field for field in model._meta.concrete_fields}
        self._fields = [columns[name] for name in rows.columns]
        self._key_fields = [columns[name] for name in key]
        self._all = ", ".join(map(_column, self._fields))
        self._changing = [i for i, name in enumerate(rows.columns) if name not in key]
        self._and_there = f" AND {there}" if there else ""
        self._converters: dict[str, list[tuple[int, Any, list[Converter]]]] = {}
        of_key = " AND ".join(f"{_column(field)} = %s" for field in self._key_fields) or "TRUE"
        changes = ", ".join(f"{_column(self._fields[i])} = %s" for i in self._changing)
        self._update = (
            f'UPDATE {self._name} SET {changes} WHERE {of_key} AND "{guard}" = %s{self._and_there}'
        )
        self._lock = f'SELECT "{guard}" FROM {self._name} WHERE {of_key}{self._and_there}'
        self._delete = f"DELETE FROM {self._name} WHERE {of_key}"
        self._give_way = f"{self._delete} AND {gives_way}" if gives_way else ""

    def key_of(self, named: Any) -> tuple[Any, ...]:
        """Return what tells an entity, or the entity that a key names, from others of its kind."""
        return tuple(getattr(named, name) for name in self._key)

    def prepared(self, column: str, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return a value as the database takes it for a column."""
        return self._columns[column].get_db_prep_save(value, connection)

    def read(self, connection: BaseDatabaseWrapper, keys: Iterable[Any]) -> dict[Any, E]:
        """Return what is stored under each of the keys, in one query at most."""
        wanted = {self.key_of(key): key for key in keys if self._may_exist(key)}
        if not wanted:
            return {}
        conditions, parameters = ["TRUE"], []
        for field, values in zip(self._key_fields, zip(*wanted, strict=True), strict=True):
            different = list(dict.fromkeys(values))
            conditions.append(f"{_column(field)} IN ({', '.join(['%s'] * len(different))})")
            parameters += [field.get_db_prep_save(value, connection) for value in different]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self._all} FROM {self._name} WHERE {' AND '.join(conditions)}"
                f"{self._and_there}",
                parameters,
            )
            entities = [self._entity(row, connection) for row in cursor.fetchall()]
        found = ((self.key_of(entity), entity) for entity in entities)
        return {wanted[key]: entity for key, entity in found if key in wanted}

    def page(
        self,
        connection: BaseDatabaseWrapper,
        by: str,
        *,
        equal: Mapping[str, Any],
        after: str | None,
        limit: int | None,
        ascending: bool,
    ) -> list[E]:
        """Return up to `limit` entities in the order of a column, from where it is past `after`.

        Columns must be `equal` to what is given.
        """
        conditions = ["TRUE", *(f"{_column(self._columns[name])} = %s" for name in equal)]
        parameters = [self.prepared(name, value, connection) for name, value in equal.items()]
        if after is not None:
            conditions.append(f"{_column(self._columns[by])} {'>' if ascending else '<'} %s")
            parameters.append(self.prepared(by, after, connection))
        statement = (
            f"SELECT {self._all} FROM {self._name} "
            f"WHERE {' AND '.join(conditions)}{self._and_there} "
            f"ORDER BY {_column(self._columns[by])} {'ASC' if ascending else 'DESC'}"
        )
        if limit is not None:
            statement += " LIMIT %s"
            parameters.append(limit)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [self._entity(row, connection) for row in cursor.fetchall()]

    def insert(self, cursor: CursorWrapper, entities: Sequence[E], *gives_way: Any) -> None:
        """Store new entities; `gives_way` are the values its condition asks for.

        A row that gives way is deleted rather than updated: what a newer version keeps in columns
        of its own is about what was there before. Raises ConcurrencyError, or what a violated
        constraint becomes, if one is there already.
        """
        missing = len(entities) - self._insert(cursor, entities)
        if missing and self._give_way:
            for entity in entities:
                cursor.execute(self._give_way, [*self._key_values(entity, cursor), *gives_way])
            missing -= self._insert(cursor, entities)
        if missing:
            raise ConcurrencyError(f"{self._name} has it already")

    def update(self, cursor: CursorWrapper, entity: E, expected: int) -> None:
        """Store an entity over the row whose guard is as expected.

        Raises ConcurrencyError if there is none.
        """
        row = self._prepared(self.rows.to_row(entity), cursor)
        cursor.execute(
            self._update,
            [*(row[i] for i in self._changing), *self._key_values(entity, cursor), expected],
        )
        if cursor.rowcount != 1:
            raise ConcurrencyError(f"{self._name} has moved")

    def hold(self, cursor: CursorWrapper, entity: E, expected: int) -> None:
        """Keep the row as it is until the transaction ends.

        Raises ConcurrencyError if its guard is not as expected.
        """
        lock = " FOR SHARE" if cursor.db.features.has_select_for_update else ""
        cursor.execute(self._lock + lock, self._key_values(entity, cursor))
        if cursor.fetchone() != (expected,):
            raise ConcurrencyError(f"{self._name} has moved")

    def hold_absent(self, cursor: CursorWrapper, entity: E) -> None:
        """Keep the row from being stored by another until the transaction ends.

        A row that is not there cannot be locked, so it is stored and taken out again. Raises what
        `insert` raises.
        """
        self.insert(cursor, [entity])
        cursor.execute(self._delete, self._key_values(entity, cursor))

    def delete_some(
        self,
        cursor: CursorWrapper,
        limit: int,
        condition: str = "TRUE",
        parameters: Sequence[Any] = (),
        *,
        by: str = "",
    ) -> int:
        """Delete up to `limit` rows that meet a condition, in the order `by` a column.

        Without one that is the order of the key. Returns how many were deleted.
        """
        key = ", ".join(map(_column, self._key_fields))
        cursor.execute(
            f"DELETE FROM {self._name} WHERE ({key}) IN (SELECT {key} FROM {self._name} "
            f"WHERE {condition} ORDER BY {by or key} LIMIT %s)",
            [*parameters, limit],
        )
        count: int = cursor.rowcount
        return count

    def _insert(self, cursor: CursorWrapper, entities: Sequence[E]) -> int:
        """Return how many of them were stored; of a table that gives way, those not there yet."""
        group = f"({', '.join(['%s'] * len(self._fields))})"
        key = ", ".join(map(_column, self._key_fields))
        cursor.execute(
            f"INSERT INTO {self._name} ({self._all}) VALUES {', '.join([group] * len(entities))}"
            + (f" ON CONFLICT ({key}) DO NOTHING" if self._give_way else ""),
            [
                value
                for entity in entities
                for value in self._prepared(self.rows.to_row(entity), cursor)
            ],
        )
        count: int = cursor.rowcount
        return count

    def _may_exist(self, key: Any) -> bool:
        named = zip(self._key_fields, self.key_of(key), strict=True)
        return all(
            is_id(value) if isinstance(field, IdField) else is_text(str(value))
            for field, value in named
        )

    def _key_values(self, entity: E, cursor: CursorWrapper) -> list[Any]:
        named = zip(self._key_fields, self.key_of(entity), strict=True)
        return [field.get_db_prep_save(value, cursor.db) for field, value in named]

    def _prepared(self, row: Sequence[Any], cursor: CursorWrapper) -> list[Any]:
        connection = cursor.db
        return [
            field.get_db_prep_save(value, connection)
            for field, value in zip(self._fields, row, strict=True)
        ]

    def _entity(self, row: Sequence[Any], connection: BaseDatabaseWrapper) -> E:
        values = list(row)
        for i, column, converters in self._converters_of(connection):
            for convert in converters:
                values[i] = convert(values[i], column, connection)
        return self.rows.from_row(values)

    def _converters_of(
        self, connection: BaseDatabaseWrapper
    ) -> list[tuple[int, Any, list[Converter]]]:
        """Return what Django would apply to each column, once for each kind of database."""
        known = self._converters.get(connection.vendor)
        if known is None:
            columns = [field.get_col(self._name) for field in self._fields]
            converters = [
                connection.ops.get_db_converters(column) + column.get_db_converters(connection)
                for column in columns
            ]
            known = [
                (i, column, cast("list[Converter]", needed))
                for i, (column, needed) in enumerate(zip(columns, converters, strict=True))
                if needed
            ]
            self._converters[connection.vendor] = known
        return known


def _column(field: Column) -> str:
    return f'"{field.column}"'

"""Entities and rows: which column holds what of an entity, and back again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_type_hints

E = TypeVar("E")
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside an entity, kept in columns of the entity's own row.

    `columns` gives each of its attributes a column. A part that is None is NULL in all of them;
    the first is NULL only then.
    """

    kind: type
    columns: Mapping[str, str]

    def to_row(self, value: Any) -> Row:
        if value is None:
            return (None,) * len(self.columns)
        return [getattr(value, attribute) for attribute in self.columns]

    def from_row(self, row: Row) -> Any:
        return None if row[0] is None else self.kind(**dict(zip(self.columns, row, strict=True)))


class RowMapping(Generic[E]):
    """An entity's row: a column of the same name for each field that is not a part.

    Statements name their columns, so what another version keeps in others stays without `rest`.
    """

    def __init__(self, entity: type[E], **parts: Part) -> None:
        self._entity = entity
        self._names = [name for name in get_type_hints(entity) if name != "rest"]
        self._get = attrgetter(*self._names)
        self._parts = [(self._names.index(name), part) for name, part in parts.items()]
        columns: list[str] = []
        for name in self._names:
            columns += parts[name].columns.values() if name in parts else [name]
        self.columns = tuple(columns)

    def to_row(self, entity: E) -> Row:
        """Return the entity's values in the order of `columns`."""
        values = list(self._get(entity))
        for position, part in reversed(self._parts):
            values[position : position + 1] = part.to_row(values[position])
        return values

    def from_row(self, row: Row) -> E:
        """Return the entity whose values these are, in the order of `columns`."""
        values = list(row)
        for position, part in self._parts:
            end = position + len(part.columns)
            values[position:end] = [part.from_row(values[position:end])]
        return self._entity(**dict(zip(self._names, values, strict=True)))

"""Entities and DynamoDB items: which attribute holds what of an entity, and back again.

An attribute is named as the field is, in camel case. Dates and free-form values are text (the
latter JSON, so that their numbers keep their digits), money and counts are numbers, what is None
or empty is absent.
"""

import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from financial_api.kernel.clock import from_iso, iso
from financial_api.kernel.encoding import dumps, loads
from financial_api.kernel.keys import Stored
from financial_api.kernel.money import dollars
from infra_backends.persistence.members import member

E = TypeVar("E")

Item = dict[str, Any]
"""An item or a key as the low-level client has it: `{"cardId": {"S": "…"}}`."""

LONGEST_KEY_BYTES = 1024
"""What a sort key may hold; a partition key may hold twice as much, which no id needs."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """How values of one type are written and read. `absent` is what a missing attribute means."""

    tag: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    absent: Any = None


def text(value: str) -> dict[str, str]:
    """Return a text as an attribute value."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return a number as an attribute value."""
    return {"N": str(value)}


def is_key(value: str) -> bool:
    """Return False for a text that no key can hold, which is then the key of nothing."""
    try:
        return 0 < len(value.encode()) <= LONGEST_KEY_BYTES
    except UnicodeEncodeError:
        return False


class ItemMapping(Generic[E]):
    """The items of one type of entity; `renamed` gives attributes of another name.

    What an item holds beside these and `computed`, an entity that is saved again carries along.
    """

    def __init__(
        self, entity: type[E], computed: Collection[str | None] = (), **renamed: str
    ) -> None:
        self._entity = entity
        hints = get_type_hints(entity)
        names = [name for name in hints if name != "rest"]
        self._get = attrgetter(*names)
        self._attributes = [
            (name, renamed.get(name, _camel_case(name)), _codec(hints[name])) for name in names
        ]
        self._known = {*computed, *(attribute for _, attribute, _ in self._attributes)}
        self._keeps = issubclass(entity, Stored)

    def to_item(self, entity: E) -> Item:
        item: Item = dict(entity.rest) if isinstance(entity, Stored) else {}
        for value, (_, attribute, codec) in zip(self._get(entity), self._attributes, strict=True):
            if value is not None and value != codec.absent:
                item[attribute] = {codec.tag: codec.write(value)}
        return item

    def from_item(self, item: Item) -> E:
        values: dict[str, Any] = {}
        for name, attribute, codec in self._attributes:
            stored = item.get(attribute)
            values[name] = codec.absent if stored is None else codec.read(stored[codec.tag])
        if self._keeps and not self._known.issuperset(item):
            values["rest"] = {name: item[name] for name in item.keys() - self._known}
        return self._entity(**values)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _codec(hint: Any) -> _Codec:
    """Return how a field of a type is written. Raises TypeError for a type that has no way."""
    hint = _without_none(hint)
    origin = get_origin(hint)
    if origin is tuple:
        return _Codec("L", lambda texts: list(map(text, texts)), _read_texts, absent=())
    if origin is not None and issubclass(origin, Mapping):
        return _Codec("S", lambda value: dumps(value).decode(), loads)
    if isinstance(hint, type) and is_dataclass(hint):
        part: ItemMapping[Any] = ItemMapping(hint)
        return _Codec("M", part.to_item, part.from_item)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Codec("S", str, partial(member, hint))
    return _SIMPLE[hint]


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, types.UnionType}:
        (hint,) = (one for one in get_args(hint) if one is not types.NoneType)
    return hint


def _read_texts(stored: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(one["S"] for one in stored)


def _number_text(value: Decimal) -> str:
    """Return a number as DynamoDB itself writes it, without trailing zeros.

    A transaction that is sent again is compared with the first, and by some engines with what
    they have made of that.
    """
    return format(value.normalize(), "f")


_SIMPLE: Mapping[Any, _Codec] = {
    str: _Codec("S", str, str),
    bool: _Codec("BOOL", bool, bool),
    int: _Codec("N", str, int),
    Decimal: _Codec("N", _number_text, dollars),
    datetime: _Codec("S", iso, from_iso),
    bytes: _Codec("B", bytes, bytes),
}

"""Columns that hold what an entity holds: ids as text, dollars, enumerations, JSON."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import models

from financial_api.kernel import encoding
from infra_backends.persistence.members import member

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
    _BigIntegerField = models.BigIntegerField[Decimal, Decimal]
    _CharField = models.CharField[StrEnum, StrEnum]
    _TextField = models.TextField[Any, Any]
    _UUIDField = models.UUIDField[str, str]
else:
    _Field, _BigIntegerField, _CharField = object, models.BigIntegerField, models.CharField
    _TextField, _UUIDField = models.TextField, models.UUIDField

ECOSYSTEM_ID_LENGTH = 128
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _PlainColumn(_Field):
    """A field that migrations know as Django's own, so that they never need ours again."""

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, _, arguments, options = super().deconstruct()
        return name, f"django.db.models.{self.get_internal_type()}", arguments, options


class IdField(_PlainColumn, _UUIDField):
    """A UUID, read as the canonical lower-case text it was written as."""

    def from_db_value(self, value: Any, *_: Any) -> str | None:
        return None if value is None else str(value)


class CentsField(_PlainColumn, _BigIntegerField):
    """Dollars, stored as whole cents; read as a `Decimal` with two decimals.

    Raises ValueError for an amount that is not a whole number of cents.
    """

    def get_prep_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return super().get_prep_value(value)
        cents = int(value * 100)
        if cents != value * 100:
            raise ValueError(f"{value} is not a whole number of cents")
        return cents

    def from_db_value(self, value: int | None, *_: Any) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class EnumField(_PlainColumn, _CharField):
    """A member of a `StrEnum`, or what another version knows as one."""

    def __init__(self, enum: type[StrEnum], *, max_length: int = 32, **options: Any) -> None:
        self.enum = enum
        super().__init__(max_length=max_length, **options)

    def clone(self) -> "EnumField":
        return type(self)(self.enum, **self.deconstruct()[3])

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_: Any) -> StrEnum | None:
        return None if value is None else member(self.enum, value)


class JsonField(_PlainColumn, _TextField):
    """A JSON value as text, so that numbers keep their digits and come back as `Decimal`."""

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else encoding.dumps(value).decode()

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else encoding.loads(value)


class NamesField(JsonField):
    """Some names, in order, as a JSON array."""

    def from_db_value(self, value: str | None, *_: Any) -> tuple[str, ...]:
        return tuple(super().from_db_value(value))


def is_id(text: str) -> bool:
    """Return False for a text that no `IdField` can hold, which is then the id of nothing."""
    return _UUID.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Return False for a text that no text column can hold: NUL and halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text

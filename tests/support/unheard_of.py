"""Members of enumerations that a newer version has and this one does not know."""

from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from infra_backends.persistence.members import member

M = TypeVar("M", bound=StrEnum)

TEXT = "unheard-of"


def unheard_of(enum: type[M]) -> M:
    return member(enum, TEXT)


def all_unheard_of(row: Any) -> Any:
    """Return a row whose every member of an enumeration, also in its parts, is such a one."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    changed = {name: _replaced(value) for name, value in values.items()}
    return replace(row, **{name: value for name, value in changed.items() if value is not None})


def members_of(row: Any) -> dict[str, StrEnum]:
    """Return the members in a row and in its parts, by their fields."""
    found: dict[str, StrEnum] = {}
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, StrEnum):
            found[field.name] = value
        elif is_dataclass(value):
            found |= {f"{field.name}.{name}": one for name, one in members_of(value).items()}
    return found


def _replaced(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return unheard_of(type(value))
    return all_unheard_of(value) if is_dataclass(value) else None

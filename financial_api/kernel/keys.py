"""Keys, by which stored things are found, and what is kept of a thing beside what is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Key(Generic[T]):
    """The primary key of one stored thing of type T; its subclasses are frozen dataclasses."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    rest: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What only another version knows of a thing that is saved again after it was read."""


class Reading:
    """What one batch read found.

    It is no snapshot: each thing is consistent, but two of them may be from different moments.
    """

    def __init__(self, found: Mapping[Key[Any], Any]) -> None:
        self._found = found

    def get(self, key: Key[T]) -> T | None:
        """Return what was found under `key`, or None; KeyError if it was never asked for."""
        return cast("T | None", self._found[key])

    def __iter__(self) -> "Any":
        """Iterate over everything that was found."""
        return (value for value in self._found.values() if value is not None)

"""Members of enumerations as stores keep them, those that only another version knows included."""

from enum import StrEnum
from typing import TypeVar

M = TypeVar("M", bound=StrEnum)


def member(enum: type[M], text: str) -> M:
    """Return the member of a value; for one unknown here a stand-in, which is its text alone.

    A stand-in equals no member, is in none of the enumeration's lists, and is written as it was
    read. Input is for the enumeration itself to judge, which refuses it.
    """
    try:
        return enum._value2member_map_[text]  # type: ignore[return-value]  # sooner than enum(text)
    except KeyError:
        stand_in = str.__new__(enum, text)
        stand_in._name_ = stand_in._value_ = text
        return stand_in

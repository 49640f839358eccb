"""Equality as a store owes it: to the last digit, and in type."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any


def assert_same(actual: Any, expected: Any, path: str = "") -> None:
    """Fail unless both are equal in all their fields, in type, digits and time zone."""
    if isinstance(expected, Mapping):
        assert isinstance(actual, Mapping), path
        assert set(actual) == set(expected), path
        for key in expected:
            assert_same(actual[key], expected[key], f"{path}[{key!r}]")
        return
    assert type(actual) is type(expected), f"{path}: {actual!r} for {expected!r}"
    if is_dataclass(expected):
        for field in fields(expected):
            name = field.name
            assert_same(getattr(actual, name), getattr(expected, name), f"{path}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected), path
        for at, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_same(one, other, f"{path}[{at}]")
    elif isinstance(expected, Decimal):
        assert str(actual) == str(expected), path
    else:
        assert actual == expected, path
        if isinstance(expected, datetime):
            assert actual.utcoffset() == timedelta(), path

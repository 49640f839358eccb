"""Input fields that take exactly what the contract says, each declared once for both the check
and the schema."""

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from financial_api.kernel.money import CENT, MAX_AMOUNT, dollars

if TYPE_CHECKING:
    AnyField = serializers.Field[Any, Any, Any, Any]
else:
    AnyField = serializers.Field

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_WHITE_SPACE = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `str.strip` removes beside controls, spelt out: dialects differ in what `\\s` is."""

NO_CONTROL = rf"[^{_CONTROLS}]"
VISIBLE = rf"[^{_CONTROLS}{_WHITE_SPACE}]"
_LARGEST_EXPONENT = 20


def _describe(field: AnyField, schema: dict[str, Any]) -> None:
    """Say what a field of these options looks like in the schema."""
    extend_schema_field(schema)(field)  # type: ignore[type-var]  # takes fields as well as classes


def _is_number(value: Any) -> bool:
    """Return True for a JSON number, short of one whose exponent makes no sense."""
    if isinstance(value, Decimal):
        return abs(int(value.as_tuple().exponent)) <= _LARGEST_EXPONENT
    return isinstance(value, int) and not isinstance(value, bool)


class InputField(AnyField):
    """A part of a body. Null for an optional one is its absence, and leaves no more trace."""

    def __init__(self, *, required: bool = True, **options: Any) -> None:
        super().__init__(required=required, allow_null=not required, **options)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        is_absent = data is None and not self.required
        return super().validate_empty_values(empty if is_absent else data)


class AmountField(InputField):
    """Dollars: a JSON number from `lowest` on, over zero, with at most two decimals."""

    default_error_messages = {  # noqa: RUF012
        "number": "must be a number",
        "range": f"must be from {{lowest}} to {MAX_AMOUNT}",
        "decimals": "must have at most two decimals",
    }

    def __init__(self, *, lowest: Decimal = CENT, **options: Any) -> None:
        self._lowest = lowest
        super().__init__(**options)
        bounds = {"minimum": float(lowest), "maximum": float(MAX_AMOUNT)}
        _describe(self, {"type": "number", **bounds, "multipleOf": float(CENT)})

    def to_internal_value(self, data: Any) -> Decimal:
        if not _is_number(data):
            self.fail("number")
        amount = Decimal(data)
        if not self._lowest <= amount <= MAX_AMOUNT:
            self.fail("range", lowest=self._lowest)
        if amount != dollars(amount):
            self.fail("decimals")
        return dollars(amount)


class WholeNumberField(InputField):
    """A JSON number without a fraction, within bounds."""

    default_error_messages = {  # noqa: RUF012
        "number": "must be a whole number",
        "range": "must be from {lowest} to {highest}",
    }

    def __init__(self, *, lowest: int, highest: int, **options: Any) -> None:
        self._lowest, self._highest = lowest, highest
        super().__init__(**options)
        _describe(self, {"type": "integer", "minimum": lowest, "maximum": highest})

    def to_internal_value(self, data: Any) -> int:
        if not _is_number(data):
            self.fail("number")
        if not self._lowest <= data <= self._highest:
            self.fail("range", lowest=self._lowest, highest=self._highest)
        if data != int(data):
            self.fail("number")
        return int(data)


class FlagField(InputField):
    """JSON's true or false."""

    default_error_messages = {"flag": "must be true or false"}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        _describe(self, {"type": "boolean"})

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("flag")
        return data


class ProseField(InputField):
    """JSON text of any length, lines and tabs included, as somebody wrote it."""

    default_error_messages = {  # noqa: RUF012
        "text": "must be text",
        "characters": "must not hold control characters or lone surrogates",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        _describe(self, {"type": "string", "pattern": rf"^([^{_CONTROLS}]|[\t\n\r])*$"})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        if any(_is_unprintable(character) for character in data if character not in "\t\n\r"):
            self.fail("characters")
        return data


class TextField(InputField):
    """JSON text without control characters, of bounded length once trimmed."""

    default_error_messages = {  # noqa: RUF012
        "text": "must be text",
        "characters": "must not hold control characters or lone surrogates",
        "length": "must have {shortest} to {longest} characters",
        "pattern": "must be {expected}",
    }

    def __init__(
        self,
        *,
        longest: int,
        shortest: int = 1,
        pattern: str | None = None,
        expected: str = "",
        **options: Any,
    ) -> None:
        self._shortest, self._longest = shortest, longest
        self._pattern = re.compile(pattern) if pattern else None
        self._expected = expected
        super().__init__(**options)
        _describe(
            self,
            {
                "type": "string",
                "minLength": shortest,
                "maxLength": longest,
                "pattern": f"^{pattern}$" if pattern else _trimmed_pattern(shortest),
            },
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("text")
        if len(data) > self._longest:
            self.fail("length", shortest=self._shortest, longest=self._longest)
        if any(map(_is_unprintable, data)):
            self.fail("characters")
        text = data if self._pattern else data.strip()
        if len(text) < self._shortest:
            self.fail("length", shortest=self._shortest, longest=self._longest)
        if self._pattern and not self._pattern.fullmatch(text):
            self.fail("pattern", expected=self._expected)
        return text


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"}


def _trimmed_pattern(shortest: int) -> str:
    """Return what text looks like that is long enough without the white space around it."""
    if shortest == 1:
        return rf"^{NO_CONTROL}*{VISIBLE}{NO_CONTROL}*$"
    return rf"^{NO_CONTROL}*{VISIBLE}{NO_CONTROL}{{{shortest - 2},}}{VISIBLE}{NO_CONTROL}*$"


@extend_schema_field({"type": "number", "multipleOf": 0.01})
class MoneyField(AnyField):
    """Dollars in an answer, with at most two decimals."""


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(AnyField):
    """A time in an answer: ISO 8601, UTC, `Z`."""


@extend_schema_field({"type": "string", "format": "uuid"})
class IdField(AnyField):
    """An identifier in an answer: a UUIDv7."""


class EnumField(AnyField):
    """One of an enumeration's values in an answer."""

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(**options)
        _describe(self, {"type": "string", "enum": [str(choice) for choice in choices]})

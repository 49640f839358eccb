"""JSON both ways, with money as numbers that never pass through a float."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec


class RepeatedName(ValueError):
    """An object gives a name twice: what it means differs among readers (RFC 8259, section 4)."""


_encoder = msgspec.json.Encoder(decimal_format="number")
_canonical_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def dumps(value: Any) -> bytes:
    """Return `value` as compact UTF-8 JSON; a `Decimal` becomes a number with its own digits."""
    return _encoder.encode(value)


def canonical(value: Any) -> bytes:
    """Return JSON that does not depend on the order of keys; `10` and `10.00` are not the same."""
    return _canonical_encoder.encode(value)


def loads(text: bytes | str) -> Any:
    """Return the value of a JSON text; numbers with a fraction or exponent become `Decimal`.

    Raises RepeatedName for an object that gives a name twice, ValueError for anything else that is
    not JSON, NaN and Infinity included, and RecursionError for nesting beyond the interpreter's
    limit.
    """
    return _decoder.decode(text if isinstance(text, str) else text.decode())


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError(f"{digits[:20]} is beyond all numbers") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        raise RepeatedName
    return value


_decoder = json.JSONDecoder(
    parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_object
)

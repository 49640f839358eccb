"""Identifiers: UUID version 7, ordered by time to the microsecond.

RFC 9562, section 5.7, with method 3 of section 6.2: the twelve bits after the version hold the
fraction of the millisecond, so two identifiers made a microsecond apart sort in that order. The
standard library has no version 7 before Python 3.14.
"""

import hashlib
import re
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANDOM_END = (1 << 62) - 1
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

RandomBits = Callable[[int], int]
_random_bits: RandomBits = secrets.randbits


def install(random_bits: RandomBits) -> RandomBits:
    """Make `random_bits(n)` the source of randomness and return the one it replaces."""
    global _random_bits
    previous, _random_bits = _random_bits, random_bits
    return previous


def new_id(at: datetime) -> str:
    """Return a new UUIDv7 for the moment `at`, in canonical lower-case text."""
    milliseconds, microseconds = divmod((at - _EPOCH) // _MICROSECOND, 1000)
    fraction = microseconds * 4096 // 1000
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | _random_bits(62)
    return _canonical(value)


def derived_id(identifier: str, name: str) -> str:
    """Return the identifier that `name` has beside another: of the same time, always the same."""
    digest = hashlib.sha256(f"{identifier}#{name}".encode()).digest()
    random_end = int.from_bytes(digest[:8]) & _RANDOM_END
    return _canonical(uuid.UUID(identifier).int & ~_RANDOM_END | random_end)


def _canonical(value: int) -> str:
    """Return what `str(uuid.UUID(int=value))` does, in half the time."""
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Return True if `text` is a UUIDv7 as `new_id` writes it."""
    return _CANONICAL.fullmatch(text) is not None

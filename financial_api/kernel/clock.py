"""The one clock. Every time in the service is aware, UTC, and comes from here."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

TICK = timedelta(microseconds=1)


class Clock(Protocol):
    """What the service needs from a clock; tests install one of their own."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware and in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring durations."""

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for that long."""


class SystemClock:
    """The machine's own clock, shifted by `offset` (zero except in tests)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_clock: Clock = SystemClock()


def install(clock: Clock) -> Clock:
    """Make `clock` the process's clock and return the one it replaces."""
    global _clock
    previous, _clock = _clock, clock
    return previous


@contextlib.contextmanager
def installed(clock: Clock) -> Iterator[Clock]:
    """Install `clock` for the length of a `with` block."""
    previous = install(clock)
    try:
        yield clock
    finally:
        install(previous)


def now() -> datetime:
    """Return the current time, aware and in UTC."""
    return _clock.now()


def monotonic() -> float:
    """Return seconds on a clock that never steps back."""
    return _clock.monotonic()


def sleep(seconds: float) -> None:
    """Block the calling thread for `seconds`."""
    _clock.sleep(seconds)


def after(*moments: datetime) -> datetime:
    """Return now, or one microsecond after the latest of the given moments if that is later.

    Two processes' clocks may differ; a record is still never older than what it follows.
    """
    present = now()
    return max(present, max(moments) + TICK) if moments else present


def iso(moment: datetime) -> str:
    """Return ISO 8601 text in UTC with six decimals and `Z`, so that text sorts as time does."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def from_iso(text: str) -> datetime:
    """Return the aware UTC time that `iso` wrote."""
    return datetime.fromisoformat(text)

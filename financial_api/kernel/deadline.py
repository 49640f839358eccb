"""The moment a request must be answered by, carried with the thread that serves it."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from financial_api.kernel import clock

REQUEST_SECONDS = 4.0
"""How long a request may take, retries after a conflict included."""

LEAST_SECONDS = 0.5
"""What must be left for a call of a service to begin: one that hangs takes about a second."""

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the block `seconds` from now; replaces a deadline that was running."""
    token = _ends_at.set(clock.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def is_running() -> bool:
    """Return True within a block that has so much time and no more."""
    return _ends_at.get() is not None


def remaining(default: float = REQUEST_SECONDS) -> float:
    """Return the seconds left, never below zero; `default` where no deadline runs."""
    ends_at = _ends_at.get()
    return default if ends_at is None else max(0.0, ends_at - clock.monotonic())


def allows_a_call() -> bool:
    """Return True if there is time for a service to be asked."""
    return remaining() >= LEAST_SECONDS

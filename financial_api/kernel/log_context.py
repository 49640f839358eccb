"""What every log line says of the work it belongs to: a request, a task, an event on its way."""

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

_NONE: Mapping[str, object] = {}
_fields: ContextVar[Mapping[str, object]] = ContextVar("log_fields", default=_NONE)


def current() -> Mapping[str, object]:
    """Return the fields of the work the calling thread is at."""
    return _fields.get()


@contextlib.contextmanager
def within(**fields: object) -> Iterator[None]:
    """Add fields to the lines of a block; those that are None are left out."""
    token = _fields.set(_with(fields))
    try:
        yield
    finally:
        _fields.reset(token)


def note(**fields: object) -> None:
    """Add fields that became known to the lines of the rest of the block around the caller."""
    _fields.set(_with(fields))


def begin(**fields: object) -> None:
    """Have the thread's lines carry these fields and no others, until they are replaced."""
    _fields.set(fields)


def trace(traceparent: str | None) -> dict[str, str]:
    """Return the fields of a W3C traceparent, `traceId` and `spanId`; of any other text nothing."""
    parts = (traceparent or "").split("-")
    return {"traceId": parts[1], "spanId": parts[2]} if len(parts) >= 4 else {}


def _with(fields: Mapping[str, object]) -> Mapping[str, object]:
    known = {name: value for name, value in fields.items() if value is not None}
    return {**_fields.get(), **known}

"""Reads events out of the messages that EventBridge and the FIFO queue hand to consumers."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """An event as it is told. `payload` holds JSON values, numbers with a fraction as `Decimal`."""

    event_id: str
    event_type: str
    entity_type: str
    entity_id: str
    sequence_number: int
    previous_event_id: str | None = None
    payload: dict[str, Any]
    created_at: datetime
    """Aware."""
    text: str = ""
    """All of it, with what is not named here, as one line of JSON."""

    @property
    def entity(self) -> tuple[str, str]:
        return self.entity_type, self.entity_id


class Unreadable(Exception):
    """A message's body is no event; the message says why, and does not quote the body."""


def read(body: str) -> ToldEvent:
    """Return the event in a message's body, which is a JSON object with the event as `detail`.

    What is not known is ignored, since events may come to tell more. Raises Unreadable.
    """
    try:
        message = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
        detail = _field(message, "detail", dict)
        text = dumps(detail)
        text.encode()  # not every text of JSON can be printed
        return ToldEvent(
            event_id=_field(detail, "eventId", str),
            event_type=_field(detail, "eventType", str),
            entity_type=_field(detail, "entityType", str),
            entity_id=_field(detail, "entityId", str),
            sequence_number=_sequence_number(detail),
            previous_event_id=_previous_event_id(detail),
            payload=_field(detail, "payload", dict),
            created_at=_created_at(detail),
            text=text,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"no JSON: {type(error).__name__}") from None


def dumps(value: Any) -> str:
    """Return compact JSON on one line; a `Decimal` becomes a number with its own digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{dumps(name)}:{dumps(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _field(values: Any, name: str, kind: type[T]) -> T:
    value = values.get(name) if isinstance(values, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Unreadable(f"{name} is no {kind.__name__}")
    return value


def _sequence_number(detail: dict[str, Any]) -> int:
    number = _field(detail, "sequenceNumber", int)
    if number < 1:
        raise Unreadable("sequenceNumber is less than 1")
    return number


def _previous_event_id(detail: dict[str, Any]) -> str | None:
    """Return None for an entity's first event."""
    is_first = detail.get("previousEventId") is None
    return None if is_first else _field(detail, "previousEventId", str)


def _created_at(detail: dict[str, Any]) -> datetime:
    text = _field(detail, "createdAt", str)
    try:
        created_at = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("createdAt is no time") from None
    if created_at.tzinfo is None:
        raise Unreadable("createdAt is in no time zone")
    return created_at


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

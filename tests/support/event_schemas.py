"""Holds events against the committed catalogue, and makes one of every type by real commands."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
from django.test import override_settings

from accounts.entities import UserStatus
from cards.entities import CardStatus
from financial_api.application import cleanup
from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.persistence.memory.backend import Backend as MemoryBackend
from outbox import wakeup
from outbox.entities import Event
from tests.support.builders import MOMENT, SHARDS
from tests.support.clocks import ElapsingClock
from tests.support.customers import Admin, a_cardholder, a_waiting_customer

FILE = Path(__file__).resolve().parents[2] / "events.schema.json"


@functools.cache
def committed() -> dict[str, Any]:
    return json.loads(FILE.read_text())


def check_told(detail: dict[str, Any]) -> None:
    """Fail unless what a consumer is told is as the catalogue says, and nothing besides."""
    _validator(None).validate(detail)
    _validator(detail["eventType"]).validate(detail)


@functools.cache
def _validator(event_type: str | None) -> jsonschema.Draft202012Validator:
    """Return what holds a detail against one type's schema, or against that of any event."""
    schema = _closed(committed())
    if event_type is not None:
        schema = {"$defs": schema["$defs"], "$ref": f"#/$defs/{event_type}"}
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    return validator(schema, format_checker=validator.FORMAT_CHECKER)


def _closed(schema: Any) -> Any:
    """Return a schema that allows no more than it names."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if closed.get("additionalProperties") is True:
        closed["additionalProperties"] = False
    return closed


@functools.cache
def real_events() -> tuple[Event, ...]:
    """Return the events of a story in which everything happens that can, a cleanup at its end."""
    backend = MemoryBackend(outbox_shards=SHARDS)
    with (
        persistence.use(backend),
        clock.installed(ElapsingClock(MOMENT)) as ticking,
        patch.object(wakeup, "nudge"),
        override_settings(ALLOW_CLEANUP=True),
    ):
        _live(ticking)
        before = list(_events(backend))
        admin = Admin().caller
        cleanup.run(admin, cleanup.request_confirmation(admin).token)
        return (*before, *_events(backend))


def _live(ticking: Any) -> None:
    admin = Admin()
    customer = a_cardholder("user-001")
    customer.buy(customer.card, "12.50")
    customer.pay(customer.card, "2.00")
    ticking.move(days=45)
    customer.pay(customer.card, "10.50")
    for status in (CardStatus.SUSPENDED, CardStatus.ACTIVE, CardStatus.CANCELLED):
        admin.set_card_status(customer.card, status)
    for standing in (UserStatus.DISABLED, UserStatus.ACTIVE):
        admin.set_status(customer, standing)
    for name, decide in (("user-002", admin.approve), ("user-003", admin.reject)):
        _, request = a_waiting_customer(name)
        decide(request)


def _events(backend: MemoryBackend) -> Iterator[Event]:
    page = backend.outbox.page(None, None, after=None, limit=1000)
    assert page.next_position is None
    yield from reversed(page.items)

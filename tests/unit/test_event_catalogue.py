"""The catalogue says what real events are, and says it of every type there is."""

import json
from io import StringIO

import jsonschema
import pytest
from django.core.management import call_command

from financial_api.application.event_catalogue import DECLARATIONS
from financial_api.application.event_examples import example_of
from financial_api.kernel.encoding import dumps
from infra_backends.events.envelope import detail_of
from outbox.entities import EventType
from tests.support.event_schemas import FILE, check_told, real_events


def told(event):
    """Return an event as a consumer reads it."""
    return json.loads(dumps(detail_of(event)))


@pytest.mark.parametrize("event_type", EventType)
def test_real_events_of_every_type_are_as_the_catalogue_says(event_type):
    events = [event for event in real_events() if event.event_type is event_type]
    assert events
    for event in events:
        check_told(told(event))
        assert event.entity_type is DECLARATIONS[event_type].entity_type


def test_what_is_optional_was_there_and_was_not():
    payloads = {kind: [] for kind in EventType}
    for event in real_events():
        payloads[event.event_type].append(event.payload)

    for kind, field in (
        (EventType.TRANSACTION_PAYMENT, "daysOverdue"),
        (EventType.CARD_APPROVED, "adminId"),
        (EventType.SCORE_CHANGED, "adminId"),
        (EventType.SCORE_CHANGED, "relatedEntityId"),
    ):
        assert {field in payload for payload in payloads[kind]} == {True, False}


@pytest.mark.parametrize("event_type", EventType)
def test_every_type_has_an_example_that_is_valid(event_type):
    event = example_of(event_type)
    assert event.event_type is event_type
    check_told(told(event))


@pytest.mark.parametrize(
    "wrong",
    [
        {"tier": "middling"},
        {"initialScore": 1001},
        {"initialScore": "500"},
        {"email": None},
        {"unheardOf": 1},
    ],
)
def test_a_payload_that_is_otherwise_is_not_valid(wrong):
    detail = told(example_of(EventType.USER_CREATED))
    detail["payload"] |= wrong
    with pytest.raises(jsonschema.ValidationError):
        check_told(detail)


def test_money_is_a_number():
    detail = told(example_of(EventType.TRANSACTION_PURCHASE))
    detail["payload"]["amount"] = "120.50"
    with pytest.raises(jsonschema.ValidationError):
        check_told(detail)


@pytest.mark.parametrize(
    ("field", "value"),
    [("eventId", "1"), ("createdAt", "yesterday"), ("sequenceNumber", 0), ("entityType", "card")],
)
def test_an_envelope_that_is_otherwise_is_not_valid(field, value):
    detail = told(example_of(EventType.USER_CREATED)) | {field: value}
    with pytest.raises(jsonschema.ValidationError):
        check_told(detail)


def test_a_consumer_may_be_told_more_by_the_published_schema():
    detail = told(example_of(EventType.USER_CREATED)) | {"new": 1}
    detail["payload"]["new"] = 1
    jsonschema.Draft202012Validator(json.loads(FILE.read_text())).validate(detail)


@pytest.mark.parametrize(
    ("arguments", "name"), [([], "events.schema.json"), (["--markdown"], "EVENTS.md")]
)
def test_the_committed_catalogue_is_what_the_code_says(arguments, name):
    printed = StringIO()
    call_command("event_catalogue", *arguments, stdout=printed)
    assert printed.getvalue() == (FILE.parent / name).read_text()


def test_the_catalogue_for_people_names_every_type():
    text = (FILE.parent / "EVENTS.md").read_text()
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [str(event_type) for event_type in EventType]

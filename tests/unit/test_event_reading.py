"""Reading an event out of a message's body."""

import json
from decimal import Decimal

import pytest

from examples.consumer.reading import Unreadable, read
from financial_api.kernel.encoding import loads
from infra_backends.events.envelope import detail_of, json_text, message_of
from tests.support.builders import MOMENT, TEXT, an_event


def body_of(event, **changed):
    message = loads(json_text(message_of(event, "us-east-1")))
    message["detail"] |= changed
    return json_text(message)


def test_an_event_is_read_with_its_money_exact():
    event = an_event(7, payload={"amount": Decimal("12.50"), "merchant": TEXT})
    read_event = read(body_of(event))
    assert (read_event.event_id, read_event.sequence_number) == (event.event_id, 7)
    assert read_event.created_at == MOMENT
    assert read_event.entity == ("user", "user-001")
    assert read_event.payload == {"amount": Decimal("12.50"), "merchant": TEXT}


def test_all_of_it_is_kept_as_one_line_also_what_nobody_knows():
    event = an_event(payload={"amount": Decimal("12.50"), "text": "two\nlines"})
    text = read(body_of(event, new={"field": 1})).text
    assert "\n" not in text
    assert '"amount":12.50' in text
    assert json.loads(text)["new"] == {"field": 1}


def test_an_event_says_nothing_of_its_text():
    assert "text" not in detail_of(an_event())


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "null",
        "7",
        "[]",
        "{}",
        '{"detail": null}',
        '{"detail": "text"}',
        '{"detail": NaN}',
        '{"detail": {}}',
        '{"detail": ' * 100_000,
    ],
    ids=range(11),
)
def test_a_body_that_is_no_event_is_refused(body):
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sequenceNumber", 0),
        ("sequenceNumber", "1"),
        ("sequenceNumber", True),
        ("sequenceNumber", Decimal("1.5")),
        ("createdAt", "yesterday"),
        ("createdAt", "2026-03-01T12:00:00"),
        ("eventId", None),
        ("entityId", ["user-001"]),
        ("payload", []),
    ],
)
def test_an_event_with_a_field_that_is_none_of_its_kind_is_refused(field, value):
    with pytest.raises(Unreadable, match=field):
        read(body_of(an_event(), **{field: value}))


def test_text_that_cannot_be_printed_is_refused():
    body = body_of(an_event(), eventType="CHANGED").replace("CHANGED", r"\ud800")
    with pytest.raises(Unreadable):
        read(body)


def test_a_refusal_does_not_quote_the_body():
    with pytest.raises(Unreadable) as refusal:
        read('{"secret-in-a-body')
    assert "secret" not in str(refusal.value)
    with pytest.raises(Unreadable) as refusal:
        read(body_of(an_event(), createdAt="secret-in-a-body"))
    assert "secret" not in str(refusal.value)

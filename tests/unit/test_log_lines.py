"""What a log line is, and what it never holds."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.development_tokens import issue
from financial_api.kernel import log_context, log_lines
from financial_api.kernel.log_lines import (
    LONGEST,
    CleanRecord,
    JsonFormatter,
    LineFormatter,
    redacted,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def _nothing_under_way() -> Iterator[None]:
    log_context.begin()
    yield
    log_context.begin()


def a_record(message: str, *args: object, **fields: Any) -> logging.LogRecord:
    attributes = {"name": "outbox.relay", "levelname": "WARNING", "msg": message, "args": args}
    return logging.makeLogRecord(attributes | fields)


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(record)
    assert "\n" not in line
    decoded: dict[str, Any] = json.loads(line)
    return decoded


def test_a_line_says_when_how_bad_who_and_what() -> None:
    record = a_record("shard %s waits", 3, created=1767225600.25, process=4711)

    assert line_of(record) == {
        "timestamp": "2026-01-01T00:00:00.250000Z",
        "level": "WARNING",
        "logger": "outbox.relay",
        "message": "shard 3 waits",
        "process": 4711,
    }


def test_a_line_carries_what_the_work_is_known_by() -> None:
    with log_context.within(requestId="r-1", **log_context.trace(f"00-{TRACE}-{SPAN}-01")):
        log_context.note(userId="user-001")
        with log_context.within(shard=4, eventId=None):
            inner = line_of(a_record("inside"))
        outer = line_of(a_record("outside"))

    known = {"requestId": "r-1", "traceId": TRACE, "spanId": SPAN, "userId": "user-001"}
    assert inner.items() >= (known | {"shard": 4}).items()
    assert "eventId" not in inner
    assert outer.items() >= known.items()
    assert "shard" not in outer
    assert "requestId" not in line_of(a_record("afterwards"))


@pytest.mark.parametrize("text", [None, "", "garbage", "00-short"])
def test_what_is_no_trace_gives_no_fields(text: str | None) -> None:
    assert log_context.trace(text) == {}


def test_an_exception_is_a_field_of_the_same_line() -> None:
    try:
        raise ValueError("first\nsecond, password=hunter2")
    except ValueError:
        line = line_of(a_record("it failed", exc_info=sys.exc_info()))

    assert line["message"] == "it failed"
    assert line["exception"].startswith("Traceback")
    assert "first\nsecond" in line["exception"]
    assert "hunter2" not in line["exception"]


@pytest.mark.parametrize(
    "text", ["two\nlines", 'a "quote" and \\', "\x00\x1b[31m", "\ud800 lone", "é🚀"]
)
def test_any_text_is_one_line(text: str) -> None:
    message = line_of(a_record("%s", text))["message"]

    assert message == text.replace("\ud800", "?")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("sent Authorization: Bearer abc.def-123 to it", "abc.def-123"),
        ("{'authorization': 'Bearer abcdef'}", "abcdef"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"password": "a quote \\" and hunter2"}', "hunter2"),
        ('{"password": "that nobody closed: hunter2', "hunter2"),
        ("eyJhbGciOiJSUzI1NiJ9abc", "eyJhbGciOiJSUzI1NiJ9abc"),
        ("token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl expired", "eyJzdWIiOiJ4In0"),
        (f"got {issue('user-001', 'user', None)}", issue("user-001", "user", None)[5:]),
        ("Idempotency-Key: key-of-a-client", "key-of-a-client"),
        ("'idempotency_key': 'key of a client'", "key of a client"),
        ('{"password": "hunter2", "x": 1}', "hunter2"),
        ("WPP_SECRET secret=s3cr3t,", "s3cr3t"),
        ("postgres://api:hunter2@db.internal/financial", "hunter2"),
        ("redis://:p/w@d@cache:6379/0", "p/w@d"),
        ("GET https://sqs.us-east-1.test/q?X-Amz-Signature=abc", "abc"),
        ('"GET /v1/cards?cursor=opaque HTTP/1.1" 200', "opaque"),
        ("key AKIAIOSFODNN7EXAMPLE is not known", "AKIAIOSFODNN7EXAMPLE"),
        ("message from +5511987654321 ignored", "5511987654321"),
        ("message from 5511987654321@c.us ignored", "5511987654321"),
    ],
)
def test_what_is_confidential_is_taken_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redacted(text)
    assert secret not in LineFormatter().format(a_record("%s", text))
    assert secret not in line_of(a_record("%s", text))["message"]


@pytest.mark.parametrize(
    "text",
    [
        "event 0190fa4e-0000-7000-8000-000000000001 is dead-lettered: no bus",
        "shard 3 waits 30 s: events PutEvents: EndpointConnectionError",
        'Could not connect to the endpoint URL: "http://127.0.0.1:4566/"',
        f"trace {TRACE} of request 42",
        "ALLOW_MOCK_TOKENS is on, but HOST is 0.0.0.0, which is not a loopback address.",
        "took 1234567890.25 s",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redacted(text) == text


TIRING = (
    *("/", "?", "://", "://a", "http://a/", "a@", "eyJ", "eyJ-", "eyJa.", "mock.", "mock.a."),
    *("Bearer", "Bearer ", "token", "token ", "token: ", "token:'", 'token:"', '\\"', "secret=\\"),
    *("authorization: Basic ", "AKIA", "1", "1.", "1-", "+", " ", "\n", "a", "a ", "/a?", "'", ":"),
)


@pytest.mark.parametrize("repeated", TIRING)
@pytest.mark.parametrize("start", ["", "://", "token:"])
def test_a_text_of_eight_times_the_length_takes_about_eight_times_as_long(
    monkeypatch: pytest.MonkeyPatch, repeated: str, start: str
) -> None:
    monkeypatch.setattr(log_lines, "LONGEST", 1_000_000)

    def seconds(length: int) -> float:
        text = start + (repeated * length)[:length] + "!"
        return min(timed(text) for _ in range(7))

    def timed(text: str) -> float:
        begun = time.thread_time()
        redacted(text)
        return time.thread_time() - begun

    assert seconds(32_000) < 24 * seconds(4_000)


def test_a_text_ends_somewhere_and_tells_how_much_is_left_out() -> None:
    text = "word " * LONGEST

    short = redacted(text)

    assert LONGEST - 5 < short.rindex("[") <= LONGEST
    kept = short[: short.rindex("[")]
    assert short == f"{kept}[{len(text) - len(kept)} characters left out]"
    assert redacted(text[:LONGEST]) == text[:LONGEST]
    assert len(LineFormatter().format(a_record("%s", text))) < LONGEST + 100
    assert len(line_of(a_record("%s", text))["message"]) < LONGEST + 100


def test_a_traceback_ends_somewhere_too() -> None:
    try:
        raise ValueError("word " * LONGEST)
    except ValueError:
        line = line_of(a_record("it failed", exc_info=sys.exc_info()))

    assert len(line["exception"]) < LONGEST + 100
    assert line["exception"].endswith(" characters left out]")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Bearer abc.def-123", "abc.def-123"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("postgres://api:hunter2@db.internal/financial", "api:hunter2"),
        ("/v1/cards?cursor=opaque", "cursor=opaque"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"password": "the one and only hunter2"}', "the one and only hunter2"),
        ("'idempotency_key': 'key of a client'", "key of a client"),
        ("from 5511987654321@c.us", "5511987654321"),
    ],
)
def test_no_half_of_a_secret_is_left_where_a_text_is_cut(text: str, secret: str) -> None:
    pieces = [secret[start : start + 4] for start in range(len(secret) - 3)]

    for position in range(1, len(text)):
        kept = redacted(" " * (LONGEST - position) + text + " and more")
        assert [piece for piece in pieces if piece in kept] == []


def test_what_is_clean_stands_as_it_is_with_its_fields_and_those_of_its_work() -> None:
    with log_context.within(requestId="r-1", userId="user-001"):
        context = log_context.current()
    record = CleanRecord("access", logging.INFO, "GET /a?b=c 200", {"status": 200}, context, 0.25)

    line, text = line_of(record), LineFormatter().format(record)

    assert line["message"] == "GET /a?b=c 200"
    assert line["timestamp"] == "1970-01-01T00:00:00.250000Z"
    assert (line["status"], line["requestId"], line["userId"]) == (200, "r-1", "user-001")
    assert text == "GET /a?b=c 200 requestId=r-1 userId=user-001"

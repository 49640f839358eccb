"""What the webhook takes and refuses before a store is asked: one backend tells it of all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.api import Api, error_of, expect, invalid
from tests.support.servers import RunningServer, memory_environment, running
from tests.support.webhook import SECRET, WEBHOOK, deliver, event, outcome


@pytest.fixture(scope="module")
def service() -> Iterator[RunningServer]:
    with (
        memory_environment() as environment,
        running(environment, THROTTLE="off", WEBHOOK_SECRET=SECRET) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def strict() -> Iterator[RunningServer]:
    """A server without a webhook's secret that lets nobody guess for long."""
    with (
        memory_environment() as environment,
        running(environment, THROTTLE_FAILURES_PER_MINUTE="3") as server,
    ):
        yield server


@pytest.fixture
def hook(service: RunningServer, opened: Callable[[Api], Api]) -> Api:
    """The gateway as a client of the webhook."""
    return opened(Api(service.url))


@pytest.mark.parametrize("data", [{"status": "CONNECTED"}, "text", 7, None, [], {"id": 5}])
def test_an_event_that_is_no_message_is_ignored_whatever_it_holds(hook: Api, data: Any) -> None:
    answer = outcome(hook, {"event": "status-find", "session": "acme", "data": data})

    assert answer == {"ok": True, "action": "ignored", "reason": "non_message_event"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 5),
        ("id", ""),
        ("id", "x" * 257),
        ("id", "two words"),
        ("body", None),
        ("body", {"text": "y"}),
        ("body", "nul\x00"),
        ("from", None),
        ("from", 5511987654321),
        ("from", "x" * 101),
        ("to", None),
        ("fromMe", None),
        ("fromMe", "false"),
        ("fromMe", 0),
        ("isGroupMsg", None),
        ("isGroupMsg", 1),
        ("sender", "Ana"),
        ("sender", {"name": "Ana"}),
        ("t", None),
        ("t", "1772368215"),
        ("t", 1.5),
        ("t", -1),
        ("type", None),
        ("type", "x" * 33),
    ],
)
def test_a_malformed_message_is_refused_and_names_the_field(
    hook: Api, field: str, value: Any
) -> None:
    malformed = event("y 00000000", **{field: value})
    if value is None:
        del malformed["data"][field]

    invalid(deliver(hook, malformed), field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "event"),
        ({"event": "onmessage"}, "session"),
        ({"event": 1, "session": "acme"}, "event"),
        ({"event": "onmessage", "session": "a#b"}, "session"),
        ({"event": "onmessage", "session": "acme", "data": {}}, "id"),
    ],
)
def test_a_malformed_event_is_refused_and_names_the_field(hook: Api, body: Any, field: str) -> None:
    invalid(deliver(hook, body), field)


@pytest.mark.parametrize("body", [[], "text", {"event": "onmessage", "session": "acme"}])
def test_what_is_no_event_at_all_is_refused(hook: Api, body: Any) -> None:
    error_of(deliver(hook, body), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "é"])
def test_without_the_right_secret_nothing_is_read(hook: Api, secret: str | None) -> None:
    headers = {} if secret is None else {"X-Webhook-Secret": secret.encode()}

    refused = hook.call("POST", WEBHOOK, event("y 00000000"), headers=headers)

    error_of(refused, 401, "INVALID_TOKEN")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    error_of(hook.call("POST", WEBHOOK, content=b"{", headers=headers), 401, "INVALID_TOKEN")
    error_of(hook.call("GET", WEBHOOK, headers=headers), 401, "INVALID_TOKEN")


def test_with_the_secret_another_method_is_405(hook: Api) -> None:
    refused = hook.call("GET", WEBHOOK, headers={"X-Webhook-Secret": SECRET})

    error_of(refused, 405, "METHOD_NOT_ALLOWED")


def test_where_no_secret_is_configured_everybody_is_refused_and_then_told_to_wait(
    strict: RunningServer, opened: Callable[[Api], Api]
) -> None:
    guesser = opened(Api(strict.url))

    for secret in (None, "", SECRET):
        error_of(deliver(guesser, event("y 00000000"), secret), 401, "INVALID_TOKEN")
    error_of(deliver(guesser, event("y 00000000"), SECRET), 429, "RATE_LIMIT_EXCEEDED")


def test_health_without_a_gateway_says_that_we_answer(hook: Api) -> None:
    answer = expect(hook.get(f"{WEBHOOK}/health"), 200)

    assert set(answer) == {"status", "timestamp"}
    assert answer["status"] == "ok"


@pytest.mark.parametrize(
    "data", [{"sender": None}, {"sender": {"id": "x@c.us", "name": None, "pushname": None}}]
)
def test_null_for_what_a_message_need_not_have_is_its_absence(
    hook: Api, data: dict[str, Any]
) -> None:
    assert outcome(hook, event("hello", **data))["action"] == "ignored"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/json; charset=utf-16"),
        ("Content-Encoding", "gzip"),
    ],
)
def test_an_event_that_is_not_plain_json_is_refused(hook: Api, header: str, value: str) -> None:
    headers = {"X-Webhook-Secret": SECRET, header: value}

    refused = hook.call("POST", WEBHOOK, event("hello"), headers=headers)

    error_of(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_event_that_gives_a_name_twice_is_refused(hook: Api) -> None:
    content = b'{"event": "status-find", "session": "acme", "data": {"id": 1, "id": 2}}'

    invalid(hook.call("POST", WEBHOOK, content=content, headers={"X-Webhook-Secret": SECRET}))

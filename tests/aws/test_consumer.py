"""The example consumer: what arrives in a queue is printed once, in order, and then deleted."""

import contextlib
import json
import os
import runpy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from examples.consumer.__main__ import default_queue, main
from financial_api.kernel.encoding import dumps
from infra_backends.aws.names import Names
from infra_backends.events.envelope import detail_of, json_text, message_of
from infra_backends.events.eventbridge import Backend as EventBridge
from infra_backends.events.fifo import Backend as Fifo
from infra_backends.events.publishing import BatchPublisher
from outbox.entities import EntityType, Event
from tests.aws.installations import Installation, installation
from tests.support.builders import an_event
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.event_schemas import check_told, real_events
from tests.support.ports import free_port
from tests.support.queues import client, waiting_in
from tests.support.relays import a_chain


@pytest.fixture(scope="module")
def installed(aws: Emulator) -> Iterator[Installation]:
    with installation(aws) as installed:
        installed.provision()
        yield installed


@pytest.fixture(autouse=True)
def _environment(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVENT_TRANSPORT", "EVENT_QUEUE"):
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class SomeQueue:
    """A queue of a test's own."""

    name: str
    url: str
    sqs: Any

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def send_events(self, *events: Event) -> None:
        self.send(*(json_text(message_of(event, REGION)) for event in events))

    @property
    def waiting(self) -> tuple[int, int]:
        return waiting_in(self.sqs, self.url)


@pytest.fixture
def queue(aws: Emulator, installed: Installation) -> Iterator[SomeQueue]:
    name = new_name()
    with client("sqs", aws) as sqs:
        yield SomeQueue(name, sqs.create_queue(QueueName=name)["QueueUrl"], sqs)


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit status, what was printed, and what was said beside that."""
    printed, said = StringIO(), StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = exit.code
    return status, printed.getvalue(), said.getvalue()


def tail(*arguments: str) -> tuple[list[str], str]:
    """Return the lines that were printed, and what was said beside them."""
    status, printed, said = run(*arguments)
    assert status == 0, said
    return printed.splitlines(), said


def refusal(*arguments: str, status: int = 1) -> str:
    ended, printed, said = run(*arguments)
    assert (ended, printed) == (status, "")
    return said


def publish(backend: BatchPublisher, events: tuple[Event, ...]) -> None:
    for start in range(0, len(events), 10):
        batch = events[start : start + 10]
        assert backend.publish(batch) == [None] * len(batch)
    backend.close()


def check_all_are_told(lines: list[str], events: tuple[Event, ...]) -> None:
    """Fail unless these lines are the events, valid, each once and in the order of its entity."""
    details = [json.loads(line) for line in lines]
    for detail in details:
        check_told(detail)
    wanted = [json.loads(dumps(detail_of(event))) for event in events]
    assert sorted(details, key=_event_id) == sorted(wanted, key=_event_id)
    numbers = defaultdict(list)
    for detail in details:
        numbers[detail["entityType"], detail["entityId"]].append(detail["sequenceNumber"])
    for those in numbers.values():
        assert those == list(range(1, len(those) + 1))


def _event_id(detail: dict[str, Any]) -> str:
    return detail["eventId"]


@pytest.mark.usefixtures("delivering")
def test_every_type_of_event_comes_through_the_bus_as_the_catalogue_says(
    installed: Installation,
) -> None:
    publish(EventBridge(region=REGION, bus=installed.names.bus), real_events())

    lines, said = tail("--once", "--json")

    check_all_are_told(lines, real_events())
    assert said == ""
    url = installed.queue_url(installed.names.events_queue)
    assert waiting_in(installed.clients.sqs, url) == (0, 0)


def test_every_type_of_event_comes_through_the_ordered_queue_as_the_catalogue_says(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = installed.names.ordered_queue
    publish(Fifo(region=REGION, queue=name), real_events())
    monkeypatch.setenv("EVENT_TRANSPORT", "fifo")

    lines, said = tail("--count", str(len(real_events())), "--json")

    check_all_are_told(lines, real_events())
    assert said == ""
    assert waiting_in(installed.clients.sqs, installed.queue_url(name)) == (0, 0)


def test_a_line_tells_time_number_type_entity_and_payload(queue: SomeQueue) -> None:
    queue.send_events(an_event(1, payload={"text": "x" * 300, "bell": "\a"}))

    (line,), _ = tail("--once", "--queue", queue.name)

    assert line.startswith("2026-03-01T12:30:15.123456Z    #1  user.created")
    assert 'user/user-001  {"text":"xxx' in line
    assert line.endswith("x…")


def test_nothing_that_a_terminal_would_obey_is_printed(queue: SomeQueue) -> None:
    queue.send_events(an_event(1, entity=(EntityType.CARD, "card\x1b[2J\nfake"), payload={}))
    (line,), _ = tail("--once", "--queue", queue.name)
    assert "card/card\ufffd[2J\ufffdfake" in line


def test_duplicates_and_disorder_are_put_right(queue: SomeQueue) -> None:
    first, second, third = a_chain("card-001", 3)
    queue.send_events(third, first, first, third, second, first)

    lines, said = tail("--once", "--json", "--queue", queue.name)

    ids = [json.loads(line)["eventId"] for line in lines]
    assert ids == [event.event_id for event in (first, second, third)]
    assert said == ""
    assert queue.waiting == (0, 0)


def test_a_gap_and_what_comes_late_are_told_beside_the_events(queue: SomeQueue) -> None:
    chain = a_chain("card-001", 5)
    queue.send_events(chain[0], chain[4])
    tailed = ("--once", "--json", "--queue", queue.name, "--gap-seconds", "0.1")

    lines, said = tail(*tailed)

    assert [json.loads(line)["sequenceNumber"] for line in lines] == [1, 5]
    assert "card/card-001: 2 to 4 did not come; going on with 5" in said


def test_what_comes_after_its_turn_is_said_to_be_late(queue: SomeQueue) -> None:
    first, second, third = a_chain("card-001", 3)
    queue.send_events(*[an_event(1, entity=(EntityType.CARD, f"x-{n}")) for n in range(8)])
    queue.send_events(first, third, second)
    tailed = ("--once", "--json", "--queue", queue.name, "--gap-seconds", "0")

    lines, said = tail(*tailed)

    assert [json.loads(line)["sequenceNumber"] for line in lines][-3:] == [1, 3, 2]
    assert "card/card-001: 2 did not come; going on with 3" in said
    assert "card/card-001: 2 comes late" in said


def test_a_body_that_is_no_event_is_left_to_the_dead_letters(queue: SomeQueue) -> None:
    queue.send("no-event-at-all")
    queue.send_events(an_event(1))

    lines, said = tail("--once", "--queue", queue.name)

    assert len(lines) == 1
    assert "left to the dead letters" in said
    assert "no-event-at-all" not in said
    assert queue.waiting == (0, 1)


def test_what_is_more_than_the_count_is_given_back_at_once(queue: SomeQueue) -> None:
    queue.send_events(*(an_event(1, entity=(EntityType.CARD, f"card-{n}")) for n in range(12)))

    assert len(tail("--count", "3", "--queue", queue.name)[0]) == 3
    assert queue.waiting == (9, 0)
    assert len(tail("--once", "--queue", queue.name)[0]) == 9
    assert queue.waiting == (0, 0)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_PREFIX": "other-"},
        {"AWS_PREFIX": "other-", "EVENT_TRANSPORT": "fifo"},
        {"EVENT_TRANSPORT": "fifo", "EVENT_QUEUE": "its-own.fifo"},
    ],
)
def test_it_reads_what_a_service_with_its_environment_fills(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.delenv("AWS_PREFIX")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = runpy.run_module("financial_api.settings.aws")["EVENTS"]["OPTIONS"]
    behind_the_bus = Names(environment.get("AWS_PREFIX", "acme-")).events_queue
    assert default_queue() == options.get("QUEUE", behind_the_bus)


def test_without_a_region_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    assert "region" in refusal("--once")


def test_a_queue_that_does_not_exist_is_named() -> None:
    assert "no-such-queue" in refusal("--once", "--queue", "no-such-queue")


def test_a_service_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert "sqs get_queue_url" in refusal("--once")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", "0"),
        ("--count", "many"),
        ("--gap-seconds", "-1"),
        ("--gap-seconds", "nan"),
        ("--gap-seconds", "601"),
        ("--gap-seconds", "soon"),
    ],
)
def test_numbers_that_are_none_are_refused(arguments: tuple[str, str]) -> None:
    assert arguments[1] in refusal(*arguments, status=2)

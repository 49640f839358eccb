"""A consumer that is stopped, broken off, or cut off from its queue loses nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from examples.consumer import consuming
from examples.consumer.consuming import Consumer
from examples.consumer.ordering import Delivery, Ordering
from examples.consumer.queue import Queue
from infra_backends.events.envelope import json_text, message_of
from outbox.entities import EntityType, Event
from tests.support.answering import Answer, Answering, Request, answering, fault
from tests.support.builders import an_event
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.queues import client, waiting_in
from tests.support.relays import a_chain
from tests.support.servers import ROOT

MOST_SECONDS = 60.0


@dataclass(frozen=True)
class SomeQueue:
    name: str
    url: str
    sqs: Any

    def send(self, *events: Event) -> None:
        for event in events:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body_of(event))

    @property
    def waiting(self) -> tuple[int, int]:
        return waiting_in(self.sqs, self.url)

    def wait_until(self, waiting: tuple[int, int]) -> None:
        end = time.monotonic() + MOST_SECONDS
        while self.waiting != waiting:
            assert time.monotonic() < end, f"{self.waiting}, not {waiting}"
            time.sleep(0.02)


def body_of(event: Event) -> str:
    return json_text(message_of(event, REGION))


@pytest.fixture
def queue(aws: Emulator) -> Iterator[SomeQueue]:
    name = new_name()
    with client("sqs", aws) as sqs:
        yield SomeQueue(name, sqs.create_queue(QueueName=name)["QueueUrl"], sqs)


@contextlib.contextmanager
def tailing(aws: Emulator, queue: SomeQueue) -> Iterator["subprocess.Popen[str]"]:
    """Run the program in a process of its own, with a long wait for gaps."""
    command = [sys.executable, "-m", "examples.consumer", "--queue", queue.name, "--json"]
    process = subprocess.Popen(
        [*command, "--gap-seconds", "300"],
        cwd=ROOT,
        env=os.environ | aws.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_what_was_held_back_is_given_back(
    aws: Emulator, queue: SomeQueue, number: signal.Signals
) -> None:
    chain = a_chain("card-001", 3)
    queue.send(chain[0], chain[2])
    with tailing(aws, queue) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert chain[0].event_id in process.stdout.readline()
        queue.wait_until((0, 1))

        process.send_signal(number)

        assert process.wait(MOST_SECONDS) == 0  # and not after the wait for gaps
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""
    assert queue.waiting == (1, 0)


def test_a_reader_who_has_gone_ends_it_and_what_he_did_not_get_is_given_back(
    aws: Emulator, queue: SomeQueue
) -> None:
    with tailing(aws, queue) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        queue.send(an_event(1), an_event(1, entity=(EntityType.CARD, "card-001")))

        assert process.wait(MOST_SECONDS) == 0
        assert process.stderr.read() == ""
    assert queue.waiting == (2, 0)


@dataclass
class Tailed:
    """A consumer in this process, and what it did."""

    queue: Queue
    handed_on: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    then: Callable[[], None] = lambda: None
    """Called as each event is handed on."""

    def __post_init__(self) -> None:
        self.consumer = Consumer(
            self.queue,
            Ordering(gap_seconds=60),
            hand_on=self._hand_on,
            complain=self.complaints.append,
        )

    def _hand_on(self, delivery: Delivery) -> None:
        self.then()
        self.handed_on.append(delivery.event.event_id)


@contextlib.contextmanager
def tailed(url: str, name: str = "a-queue") -> Iterator[Tailed]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_REGION", REGION)
        patch.setenv("AWS_ENDPOINT_URL", url)
        queue = Queue(name, visibility_seconds=60)
    with contextlib.closing(queue):
        yield Tailed(queue)


def test_an_event_is_deleted_only_after_it_was_handed_on(aws: Emulator, queue: SomeQueue) -> None:
    queue.send(an_event(1))
    seen: list[tuple[int, int]] = []
    with tailed(aws.url_of("sqs"), queue.name) as tail:
        tail.then = lambda: seen.append(queue.waiting)
        assert tail.consumer.run(until_empty=True) == 1
    assert seen == [(0, 1)]
    assert queue.waiting == (0, 0)


def test_what_could_not_be_handed_on_is_given_back(aws: Emulator, queue: SomeQueue) -> None:
    events = [an_event(1, entity=(EntityType.CARD, f"card-{number}")) for number in range(5)]
    queue.send(*events)
    with tailed(aws.url_of("sqs"), queue.name) as tail:

        def fail_at_the_third() -> None:
            if len(tail.handed_on) == 2:
                raise ConnectionResetError

        tail.then = fail_at_the_third
        with pytest.raises(ConnectionResetError):
            tail.consumer.run(until_empty=True)
    assert queue.waiting == (3, 0)


def test_a_stop_in_the_middle_of_a_batch_hands_on_no_more(aws: Emulator, queue: SomeQueue) -> None:
    queue.send(*(an_event(1, entity=(EntityType.CARD, f"card-{number}")) for number in range(5)))
    with tailed(aws.url_of("sqs"), queue.name) as tail:
        tail.then = tail.consumer.stop
        assert tail.consumer.run() == 1
    assert queue.waiting == (4, 0)


class Scripted:
    """Stands for SQS: gives its messages once; refuses the next calls of an operation."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.refusals: dict[str, int] = {}

    def __call__(self, operation: str, request: Request) -> Answer:
        if self.refusals.get(operation, 0):
            self.refusals[operation] -= 1
            return fault("InternalFailure", 500)
        if operation == "GetQueueUrl":
            return 200, {"QueueUrl": "http://127.0.0.1/000000000000/a-queue"}
        if operation == "ReceiveMessage":
            return 200, {"Messages": [self._message() for _ in self.events[:1]]}
        return 200, {"Successful": [], "Failed": []}

    def _message(self) -> dict[str, str]:
        event = self.events.pop(0)
        return {"MessageId": "1", "ReceiptHandle": event.event_id, "Body": body_of(event)}


@pytest.fixture
def scripted() -> Scripted:
    return Scripted(*a_chain("card-001", 2))


@pytest.fixture
def service(aws: Emulator, scripted: Scripted) -> Iterator[Answering]:
    """The service that answers as `scripted` says; `aws` is here for its credentials."""
    with answering(scripted) as service:
        yield service


def receipts(service: Answering, operation: str) -> list[str]:
    return [
        entry["ReceiptHandle"]
        for request in service.asked(operation)
        for entry in request["Entries"]
    ]


def test_a_queue_that_is_away_for_a_while_is_waited_for(
    service: Answering, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "PAUSE_SECONDS", 0.0)
    ids = [event.event_id for event in scripted.events]
    scripted.refusals = {"GetQueueUrl": 2, "ReceiveMessage": 2}
    with tailed(service.url) as tail:
        assert tail.consumer.run(most=2) == 2
    assert tail.handed_on == ids
    assert [sentence.partition(":")[0] for sentence in tail.complaints] == [
        "the queue does not answer; trying again"
    ] * 2
    assert receipts(service, "DeleteMessageBatch") == ids


def test_what_cannot_be_deleted_is_said_to_come_again(
    service: Answering, scripted: Scripted
) -> None:
    first, second = scripted.events
    scripted.events = [first, first, second]
    scripted.refusals = {"DeleteMessageBatch": 2}
    with tailed(service.url) as tail:
        assert tail.consumer.run(until_empty=True) == 2
    assert tail.handed_on == [first.event_id, second.event_id]
    assert ["may come again" in sentence for sentence in tail.complaints] == [True]
    deleted = receipts(service, "DeleteMessageBatch")[2:]
    assert deleted == [first.event_id, second.event_id]


def test_what_cannot_be_given_back_is_said_to_come_later(
    service: Answering, scripted: Scripted
) -> None:
    scripted.events = scripted.events[1:]
    scripted.refusals = {"ChangeMessageVisibilityBatch": 2}
    with tailed(service.url) as tail:
        scripted_answer = service.respond

        def stop_when_empty(operation: str, request: Request) -> Answer:
            if operation == "ReceiveMessage" and not scripted.events:
                tail.consumer.stop()
            return scripted_answer(operation, request)

        service.respond = stop_when_empty
        assert tail.consumer.run() == 0
    assert ["only later" in sentence for sentence in tail.complaints] == [True]


def test_calls_take_ten_messages_at_most(service: Answering) -> None:
    with tailed(service.url) as tail:
        tail.queue.give_back([str(number) for number in range(23)])
    asked = service.asked("ChangeMessageVisibilityBatch")
    assert [len(request["Entries"]) for request in asked] == [10, 10, 3]
    assert {entry["VisibilityTimeout"] for request in asked for entry in request["Entries"]} == {0}

"""What becomes of events when a bus or a queue takes some, none, or does not answer."""

import os
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from financial_api.kernel import clock
from infra_backends.aws.breaker import FAILURES
from infra_backends.events import publishing
from infra_backends.events.base import Delivery
from infra_backends.events.eventbridge import Backend as EventBridge
from infra_backends.events.fifo import Backend as Fifo
from infra_backends.events.publishing import MOST_BYTES, WORKS_SECONDS, BatchPublisher
from infra_backends.exceptions import BackendUnavailable
from infra_backends.retries import MOST_TRIES
from outbox.entities import EntityType, Event
from outbox.leases import LEASE_FOR
from tests.support.answering import Answer, Answering, Request, answering, fault
from tests.support.builders import MOMENT, an_event
from tests.support.clocks import ElapsingClock, EndlessClock
from tests.support.emulators import REGION, Emulator, ministack, new_name
from tests.support.ports import free_port
from tests.support.queues import client

Failures = dict[str, tuple[str, bool]]
"""The code of each event that does not go through, and whether it is the sender's fault."""


class Scripted:
    """Stands for EventBridge and SQS: takes everything but what `failing` names."""

    def __init__(self) -> None:
        self.failing: Failures = {}
        self.refusals: list[Answer] = []
        """What the next calls are refused with, one each."""
        self.always: Answer | None = None
        self.queue_url = "http://127.0.0.1/000000000000/queue.fifo"
        self.taken: Counter[str] = Counter()
        self.sizes: list[int] = []
        """The bytes of the entries of each call that publishes."""

    def __call__(self, operation: str, request: Request) -> Answer:
        if operation == "GetQueueUrl":
            return 200, {"QueueUrl": self.queue_url}
        self.sizes.append(sum(len(text.encode()) for text in _texts(request["Entries"])))
        if self.always or self.refusals:
            return self.always or self.refusals.pop(0)
        if operation == "PutEvents":
            return self._bus(request["Entries"])
        return self._queue(request["Entries"])

    def _bus(self, entries: list[dict[str, Any]]) -> Answer:
        results: list[dict[str, str]] = []
        for entry in entries:
            (event_id,) = re.findall(r'"eventId":"([^"]+)"', entry["Detail"])
            results.append(self._take(event_id) or {"EventId": str(uuid.uuid4())})
        failed = sum("ErrorCode" in result for result in results)
        return 200, {"FailedEntryCount": failed, "Entries": results}

    def _queue(self, entries: list[dict[str, Any]]) -> Answer:
        answer: dict[str, list[dict[str, Any]]] = {"Successful": [], "Failed": []}
        for entry in entries:
            if failed := self._take(entry["Id"]):
                is_ours = self.failing[entry["Id"]][1]
                answer["Failed"].append(
                    {
                        "Id": entry["Id"],
                        "Code": failed["ErrorCode"],
                        "Message": failed["ErrorMessage"],
                        "SenderFault": is_ours,
                    }
                )
            else:
                answer["Successful"].append(
                    {"Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": "0"}
                )
        return 200, answer

    def _take(self, event_id: str) -> dict[str, str] | None:
        if event_id in self.failing:
            return {"ErrorCode": self.failing[event_id][0], "ErrorMessage": "it is so"}
        self.taken[event_id] += 1
        return None


def _texts(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield entry.get("Detail") or entry["MessageBody"]


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
def service(aws: Emulator, scripted: Scripted) -> Iterator[Answering]:
    """The service that answers as `scripted` says; `aws` is here for its credentials."""
    with answering(scripted) as service:
        yield service


def build(transport: str, url: str, name: str = "queue.fifo") -> BatchPublisher:
    if transport == "fifo":
        return Fifo(region=REGION, queue=name, endpoint_url=url)
    return EventBridge(region=REGION, bus=name, endpoint_url=url)


@pytest.fixture(params=["eventbridge", "fifo"])
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def hurried_backend(transport: str, service: Answering) -> Iterator[BatchPublisher]:
    backend = build(transport, service.url)
    yield backend
    backend.close()


@pytest.fixture
def backend(hurried_backend: BatchPublisher) -> Iterator[BatchPublisher]:
    """The backend where nothing takes time, for what it does and not how soon."""
    with clock.installed(EndlessClock()):
        yield hurried_backend


def some_events(count: int, bytes_each: int = 0) -> list[Event]:
    return [
        an_event(entity=(EntityType.CARD, f"card-{number}"), payload={"text": "x" * bytes_each})
        for number in range(count)
    ]


def ids_of(events: Sequence[Event]) -> list[str]:
    return [event.event_id for event in events]


def test_entries_that_are_rejected_are_told_with_the_reason_and_the_others_go(
    backend: BatchPublisher, scripted: Scripted
) -> None:
    events = some_events(4)
    scripted.failing = {
        events[1].event_id: ("InvalidArgument", True),
        events[3].event_id: ("MalformedDetail", True),
    }

    results = backend.publish(events)

    assert results == [None, "InvalidArgument: it is so", None, "MalformedDetail: it is so"]
    assert scripted.taken == {events[0].event_id: 1, events[2].event_id: 1}


def test_a_long_reason_is_cut_short(backend: BatchPublisher, scripted: Scripted) -> None:
    (event,) = some_events(1)
    scripted.failing = {event.event_id: ("InvalidArgument" * 30, True)}

    (reason,) = backend.publish([event])

    assert reason is not None
    assert len(reason) == 200


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "ServiceUnavailable"])
def test_entries_that_failed_without_fault_go_again_by_themselves(
    backend: BatchPublisher, scripted: Scripted, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(3)
    scripted.failing = {events[1].event_id: (code, False)}
    pauses: list[float] = []

    def recover(seconds: float) -> None:
        pauses.append(seconds)
        scripted.failing = {}

    monkeypatch.setattr(publishing.clock, "sleep", recover)

    assert backend.publish(events) == [None] * 3
    assert scripted.taken == dict.fromkeys(ids_of(events), 1)
    assert len(pauses) == 1


GENERAL = [
    "ThrottlingException",
    "ServiceUnavailable",
    "AccessDeniedException",
    "NotAuthorizedForSourceException",
    "ResourceNotFoundException",
]
OF_THE_SERVICE = ["InternalFailure", "InternalException"]


@pytest.mark.parametrize("code", GENERAL)
def test_entries_that_keep_failing_as_any_would_are_put_off(
    backend: BatchPublisher, scripted: Scripted, code: str
) -> None:
    events = some_events(3)
    scripted.failing = {
        events[0].event_id: ("InvalidArgument", True),
        events[1].event_id: (code, True),
    }

    results = backend.publish(events)

    assert results == ["InvalidArgument: it is so", Delivery.PUT_OFF, None]
    assert len(scripted.sizes) == MOST_TRIES
    assert scripted.taken == {events[2].event_id: 1}


@pytest.mark.parametrize("code", OF_THE_SERVICE)
def test_an_entry_with_which_the_service_keeps_failing_while_it_takes_others_is_rejected(
    backend: BatchPublisher, scripted: Scripted, code: str
) -> None:
    events = some_events(3)
    scripted.failing = {events[1].event_id: (code, False)}

    assert backend.publish(events) == [None, f"{code}: it is so", None]
    assert len(scripted.sizes) == MOST_TRIES
    assert scripted.taken == {events[0].event_id: 1, events[2].event_id: 1}


@pytest.mark.parametrize("code", [*GENERAL, *OF_THE_SERVICE])
def test_entries_that_all_keep_failing_fail_the_whole(
    backend: BatchPublisher, scripted: Scripted, code: str
) -> None:
    events = some_events(3)
    scripted.failing = {event.event_id: (code, False) for event in events}

    with pytest.raises(BackendUnavailable, match=f"3 entries failed: {code}"):
        backend.publish(events)


def refusing(scripted: Scripted, poison: Event, code: str, service: Answering) -> None:
    """Have every call refused as a whole that has an event in it."""

    def respond(operation: str, request: Request) -> Answer:
        texts = "".join(_texts(request.get("Entries", ())))
        return fault(code) if poison.event_id in texts else scripted(operation, request)

    service.respond = respond


@pytest.mark.parametrize("code", ["ValidationException", "InvalidParameterValue"])
def test_a_call_that_is_refused_for_one_of_its_entries_goes_without_it(
    backend: BatchPublisher, scripted: Scripted, service: Answering, code: str
) -> None:
    events = some_events(4)
    refusing(scripted, events[2], code, service)

    assert backend.publish(events) == [None, None, f"{code}: it was refused", None]
    assert scripted.taken == dict.fromkeys(ids_of([*events[:2], events[3]]), 1)


def test_where_nothing_else_goes_such_an_entry_is_not_to_blame(
    backend: BatchPublisher, scripted: Scripted, service: Answering
) -> None:
    (lone,) = some_events(1)
    refusing(scripted, lone, "ValidationException", service)
    with pytest.raises(BackendUnavailable, match="ValidationException"):
        backend.publish([lone])


def test_an_entry_alone_is_rejected_where_others_went_lately(
    hurried_backend: BatchPublisher, scripted: Scripted
) -> None:
    lone, other = some_events(2)
    scripted.failing = {lone.event_id: ("InternalFailure", False)}
    with clock.installed(ElapsingClock(MOMENT)) as elapsing:
        with pytest.raises(BackendUnavailable):
            hurried_backend.publish([lone])
        hurried_backend.publish([other])

        elapsing.move(seconds=WORKS_SECONDS / 2)
        assert hurried_backend.publish([lone]) == ["InternalFailure: it is so"]

        elapsing.move(seconds=WORKS_SECONDS)
        with pytest.raises(BackendUnavailable):
            hurried_backend.publish([lone])


def test_what_went_does_not_go_again_when_a_later_call_fails(
    backend: BatchPublisher, scripted: Scripted, service: Answering
) -> None:
    events = some_events(15)

    def refuse_the_second(operation: str, request: Request) -> Answer:
        if len(request.get("Entries", ())) == 5:
            return fault("AccessDeniedException")
        return scripted(operation, request)

    service.respond = refuse_the_second

    assert backend.publish(events) == [None] * 10 + [Delivery.PUT_OFF] * 5
    assert set(scripted.taken.values()) == {1}


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedEntryCount": 0, "Entries": [{}]},
        {"FailedEntryCount": 0, "Entries": []},
        {},
        {"Successful": [], "Failed": []},
    ],
)
def test_an_answer_that_leaves_an_entry_out_blames_no_event(
    backend: BatchPublisher, scripted: Scripted, answer: dict[str, Any]
) -> None:
    backend.publish(some_events(1))
    scripted.always = (200, answer)
    with pytest.raises(BackendUnavailable):
        backend.publish(some_events(1))


def test_what_failed_before_the_service_was_away_is_not_blamed(
    backend: BatchPublisher, scripted: Scripted, service: Answering
) -> None:
    lone, other = some_events(2)
    backend.publish([other])
    scripted.failing = {lone.event_id: ("InternalFailure", False)}

    def fail_and_go_away(operation: str, request: Request) -> Answer:
        answer = scripted(operation, request)
        scripted.always = fault("AccessDeniedException")
        return answer

    service.respond = fail_and_go_away
    with pytest.raises(BackendUnavailable, match="AccessDenied"):
        backend.publish([lone])


def test_a_queues_own_failure_is_no_events_fault(service: Answering, scripted: Scripted) -> None:
    (event,) = some_events(1)
    scripted.failing = {event.event_id: ("SomethingNew", False)}
    backend = build("fifo", service.url)
    with pytest.raises(BackendUnavailable, match="SomethingNew"):
        backend.publish([event])
    backend.close()


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (fault("ThrottlingException"), MOST_TRIES),
        (fault("InternalException", 500), FAILURES),
        (fault("AccessDeniedException"), 1),
        (fault("ResourceNotFoundException"), 1),
        (fault("ExpiredTokenException", 403), 1),
        ((200, {}), 1),
    ],
)
def test_a_call_that_is_refused_as_a_whole_counts_against_no_event(
    backend: BatchPublisher, scripted: Scripted, answer: Answer, calls: int
) -> None:
    scripted.always = answer
    with pytest.raises(BackendUnavailable):
        backend.publish(some_events(2))
    if answer[0] != 200:
        assert len(scripted.sizes) == calls


def test_a_call_that_was_throttled_once_is_made_again(
    backend: BatchPublisher, scripted: Scripted
) -> None:
    scripted.refusals = [fault("ThrottlingException")]
    assert backend.publish(some_events(2)) == [None, None]


def test_a_queue_is_looked_up_once_and_again_after_a_failure(
    service: Answering, scripted: Scripted
) -> None:
    backend = build("fifo", service.url)
    backend.publish(some_events(1))
    backend.publish(some_events(1))
    assert len(service.asked("GetQueueUrl")) == 1
    scripted.always = fault("QueueDoesNotExist")
    with pytest.raises(BackendUnavailable, match="QueueDoesNotExist"):
        backend.publish(some_events(1))
    scripted.always = None
    scripted.queue_url = "http://127.0.0.1/111111111111/queue.fifo"

    backend.publish(some_events(1))

    assert service.asked("SendMessageBatch")[-1]["QueueUrl"] == scripted.queue_url
    backend.close()


def test_an_entry_that_is_too_large_is_rejected_by_itself(
    backend: BatchPublisher, scripted: Scripted
) -> None:
    small, large = some_events(1) + some_events(1, MOST_BYTES)

    first, second = backend.publish([small, large])

    assert first is None
    assert second is not None
    assert re.fullmatch(r"EntryTooLarge: 262\d{3} bytes, at most 262144 are taken", second)
    assert scripted.taken == {small.event_id: 1}


def test_large_entries_alone_cost_no_call(backend: BatchPublisher, service: Answering) -> None:
    (reason,) = backend.publish(some_events(1, MOST_BYTES))
    assert reason is not None
    assert service.calls == []


def test_a_batch_that_is_too_large_goes_in_several_calls(
    backend: BatchPublisher, scripted: Scripted
) -> None:
    events = some_events(10, 60_000)

    assert backend.publish(events) == [None] * 10

    assert scripted.taken == dict.fromkeys(ids_of(events), 1)
    assert len(scripted.sizes) == 3
    assert max(scripted.sizes) <= MOST_BYTES


def test_more_events_than_a_call_takes_go_in_several(
    backend: BatchPublisher, scripted: Scripted
) -> None:
    assert backend.publish(some_events(23)) == [None] * 23
    assert len(scripted.sizes) == 3


def test_the_rejections_of_all_calls_are_told(backend: BatchPublisher, scripted: Scripted) -> None:
    events = some_events(10, 60_000)
    scripted.failing = {
        events[0].event_id: ("InvalidArgument", True),
        events[9].event_id: ("InvalidArgument", True),
    }
    results = backend.publish(events)
    assert [result is None for result in results] == [False, *[True] * 8, False]


def test_a_service_that_refuses_connections_is_away_at_once(aws: Emulator, transport: str) -> None:
    backend = build(transport, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BackendUnavailable, match="EndpointConnectionError"):
        backend.publish(some_events(2))
    with pytest.raises(BackendUnavailable):
        backend.ping()
    backend.close()


@pytest.fixture(scope="module")
def own() -> Iterator[Emulator]:
    """An emulator that may be frozen."""
    with ministack() as own:
        yield own


def test_a_frozen_service_is_away_before_a_lease_could_end(own: Emulator, transport: str) -> None:
    name = new_name(".fifo")
    with client("events", own) as events, client("sqs", own) as sqs:
        events.create_event_bus(Name=name)
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    backend = build(transport, own.url, name)
    backend.publish(some_events(1))
    assert own.process is not None
    os.kill(own.process.pid, signal.SIGSTOP)
    try:
        began_at = time.monotonic()
        with pytest.raises(BackendUnavailable, match="ReadTimeoutError"):
            backend.publish(some_events(10, 60_000))
        took = time.monotonic() - began_at
    finally:
        os.kill(own.process.pid, signal.SIGCONT)
        backend.close()

    assert took < backend.longest_publish_seconds < LEASE_FOR.total_seconds()


def test_a_slow_service_that_fails_again_and_again_is_given_up_in_time(
    hurried_backend: BatchPublisher, scripted: Scripted, service: Answering
) -> None:
    """Every call takes most of what it may, and every entry is to go again."""
    events = some_events(10, 200_000)
    scripted.failing = {event.event_id: ("InternalFailure", False) for event in events}

    def slowly(operation: str, request: Request) -> Answer:
        time.sleep(0.7)
        return scripted(operation, request)

    service.respond = slowly
    began_at = time.monotonic()
    with pytest.raises(BackendUnavailable):
        hurried_backend.publish(events)

    assert len(scripted.sizes) > 1
    assert time.monotonic() - began_at < hurried_backend.longest_publish_seconds

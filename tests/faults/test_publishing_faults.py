"""A bus or a queue that fails at one call after another: events wait, and then go out in order.

Over a bus in the process there is no call that could fail.
"""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator

import pytest

from financial_api.kernel import clock
from infra_backends import events, persistence
from infra_backends.events.eventbridge import Backend as EventBridge
from infra_backends.events.fifo import Backend as Fifo
from infra_backends.events.publishing import BatchPublisher
from infra_backends.persistence import memory
from outbox.entities import Event
from tests.faults.wire import LATE, THROTTLED, WITH_EFFECT, WITHOUT_EFFECT, WireFault, failing
from tests.support.answering import Answer, Answering, Request, answering
from tests.support.breaking import Outage
from tests.support.emulators import REGION
from tests.support.relays import (
    LATER,
    MovingClock,
    PromptRelay,
    a_chain,
    assert_in_order,
    current,
    in_shard,
    statuses,
)
from tests.support.soak import soaking
from tests.support.storing import store

pytestmark = pytest.mark.aws

DRAIN_SECONDS = 5.0
LONGEST_PAUSE = 30.0
ENTITIES, EACH = 3, 3

ONCE, TWICE, LASTINGLY = 1, 2, math.inf
FAULTS = [*WITHOUT_EFFECT, *WITH_EFFECT]
OUTAGES = [
    *((fault, ONCE) for fault in FAULTS),
    *itertools.product(soaking(FAULTS, [THROTTLED, LATE]), [TWICE, LASTINGLY]),
]


@pytest.fixture(autouse=True)
def time() -> Iterator[MovingClock]:
    with clock.installed(MovingClock(LATER)) as time:
        assert isinstance(time, MovingClock)
        yield time


@pytest.fixture(scope="module")
def service() -> Iterator[Answering]:
    """A bus and a queue that take whatever they are sent."""
    with answering(take_everything) as service:
        yield service


@pytest.fixture(scope="module", params=["eventbridge", "fifo"])
def backend(request: pytest.FixtureRequest, service: Answering) -> Iterator[BatchPublisher]:
    backend: BatchPublisher
    if request.param == "fifo":
        backend = Fifo(region=REGION, queue="events.fifo", endpoint_url=service.url)
    else:
        backend = EventBridge(region=REGION, bus="events", endpoint_url=service.url)
    with events.use(backend):
        yield backend
    backend.close()


def take_everything(operation: str, request: Request) -> Answer:
    if operation == "GetQueueUrl":
        return 200, {"QueueUrl": "http://127.0.0.1/000000000000/events.fifo"}
    entries = request["Entries"]
    if operation == "PutEvents":
        return 200, {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in entries]}
    return 200, {"Successful": [{"Id": entry["Id"], "MessageId": "1"} for entry in entries]}


def taken(service: Answering) -> list[str]:
    """Return the ids of the events that were taken, in order."""
    ids = []
    for _, request in service.calls:
        for entry in request.get("Entries", ()):
            ids.append(entry.get("Id") or json.loads(entry["Detail"])["eventId"])
    return ids


def some_events() -> list[Event]:
    """Store events of several entities, all in one shard, over an empty store."""
    chains = [a_chain(name, EACH) for name in in_shard(0, ENTITIES)]
    some = list(itertools.chain(*chains))
    store(persistence, *some)
    return some


@pytest.mark.parametrize(
    ("fault", "length"), OUTAGES, ids=lambda one: one.name if isinstance(one, WireFault) else one
)
def test_no_event_is_lost_or_blamed_or_overtaken(
    backend: BatchPublisher,
    service: Answering,
    time: MovingClock,
    fault: WireFault,
    length: float,
) -> None:
    for at in itertools.count():
        service.calls.clear()
        backend.close()
        with persistence.use(memory.Backend()):
            some = some_events()
            relay = PromptRelay()
            outage = Outage(at, length)
            with failing(fault, outage):
                sent = relay.drain(DRAIN_SECONDS)
            if not outage.befell:
                break
            assert {event.retry_count for event in current(some)} == {0}
            assert set(statuses(some)) <= {"pending", "sent"}
            assert sent == len(some) or length != ONCE

            time.sleep(LONGEST_PAUSE)
            relay.drain()

            assert statuses(some) == ["sent"] * len(some)
        by_id = {event.event_id: event for event in some}
        times = Counter(taken(service))
        assert times.keys() == by_id.keys()
        assert_in_order([by_id[event_id] for event_id in taken(service)])
        if fault in WITHOUT_EFFECT:
            assert set(times.values()) == {1}
    assert at >= EACH


def test_an_event_with_which_the_service_fails_for_ever_is_given_up_and_in_nobodys_way(
    backend: BatchPublisher, service: Answering, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with persistence.use(memory.Backend()):
        some = some_events()
        failing_one, *rest = some
        fails_with = FailingWith(failing_one.event_id)
        monkeypatch.setattr(service, "respond", fails_with)
        service.calls.clear()
        relay = PromptRelay()
        for number in range(20):
            relay.drain(DRAIN_SECONDS)
            time.sleep(LONGEST_PAUSE)
            late = a_chain(f"late-{number}", 1)
            store(persistence, *late)
            rest += late
        relay.drain(DRAIN_SECONDS)

        assert statuses([failing_one]) == ["dead_letter"]
        assert "InternalFailure" in (current([failing_one])[0].last_error or "")
        assert set(statuses(rest)) == {"sent"}
        assert max(fails_with.taken.values()) == 1


class FailingWith:
    """A bus, or a queue, that takes everything but one event, with which it fails itself."""

    def __init__(self, event_id: str) -> None:
        self._event_id = event_id
        self.taken: Counter[str] = Counter()

    def __call__(self, operation: str, request: Request) -> Answer:
        status, answer = take_everything(operation, request)
        fault = {"ErrorCode": "InternalFailure", "ErrorMessage": "it failed"}
        for at, entry in enumerate(request.get("Entries", ())):
            event_id = entry.get("Id") or json.loads(entry["Detail"])["eventId"]
            if event_id != self._event_id:
                self.taken[event_id] += 1
            elif operation == "PutEvents":
                answer["Entries"][at] = fault
            else:
                answer["Successful"] = [
                    one for one in answer["Successful"] if one["Id"] != event_id
                ]
                answer["Failed"] = [
                    {"Id": event_id, "Code": "InternalFailure", "SenderFault": False}
                ]
        return status, answer

"""Workers are killed one after another while thousands of events wait: each event arrives."""

import contextlib
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from tests.support import queues
from tests.support.plants import NAMES, Plant, dead_letters, depth, plant
from tests.support.relays import store_chains
from tests.support.soak import soaking
from tests.support.workers import Worker, working

ENTITIES, EACH = 250, soaking(promised=20, in_ci=6)
EVENTS = ENTITIES * EACH
WORKERS = 4
KILL_EVERY_SECONDS = 3.0
MOST_SECONDS = 240.0
IN_A_BATCH = 10


@pytest.fixture
def place() -> Iterator[Plant]:
    with plant() as place:
        yield place


def drain_with_kills(place: Plant, transport: str) -> int:
    """Have workers drain the store, of which one is killed every few seconds; return how many."""
    environment = {**place.environment, "EVENT_TRANSPORT": transport}
    kills = 0
    with contextlib.ExitStack() as stack:

        def start() -> Worker:
            return stack.enter_context(working(environment, "--beat"))

        workers = [start() for _ in range(WORKERS)]
        ends_at = time.monotonic() + MOST_SECONDS
        for victim in itertools.cycle(range(WORKERS)):
            until = time.monotonic() + KILL_EVERY_SECONDS
            while time.monotonic() < until:
                if not depth():
                    return kills
                time.sleep(0.5)
            assert time.monotonic() < ends_at, f"{depth()} events still wait"
            if depth() < EVENTS:
                workers[victim].kill()
                workers[victim] = start()
                kills += 1
    raise AssertionError("the workers never end by themselves")


def received(place: Plant, queue: str) -> list[dict[str, object]]:
    with queues.client("sqs", place.emulator) as sqs:
        messages = queues.receive(sqs, place.queue(queue), EVENTS)
    return [body["detail"] for body in queues.bodies(messages)]


def test_in_the_ordered_queue_each_arrives_once_and_in_order(place: Plant) -> None:
    store_chains(ENTITIES, EACH)

    kills = drain_with_kills(place, "fifo")

    numbers: dict[str, list[int]] = defaultdict(list)
    for event in received(place, NAMES.ordered_queue):
        numbers[event["entityId"]].append(event["sequenceNumber"])
    assert kills > 0
    assert len(numbers) == ENTITIES
    assert all(arrived == list(range(1, EACH + 1)) for arrived in numbers.values())
    assert dead_letters() == 0


def test_over_the_bus_each_arrives_and_few_do_twice(place: Plant) -> None:
    store_chains(ENTITIES, EACH)

    kills = drain_with_kills(place, "eventbridge")

    arrivals = Counter(event["eventId"] for event in received(place, NAMES.events_queue))
    assert kills > 0
    assert len(arrivals) == EVENTS
    assert arrivals.total() - EVENTS <= kills * IN_A_BATCH
    assert dead_letters() == 0

"""Workers are killed one after another while thousands of events wait: each event arrives."""

import contextlib
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
A_PART = 200
"""After how many events another worker is killed."""

LOOK_SECONDS = 0.25
MOST_SECONDS = 240.0
IN_A_BATCH = 10


@pytest.fixture
def place() -> Iterator[Plant]:
    with plant() as place:
        yield place


def drain_with_kills(place: Plant, transport: str) -> int:
    """Have workers drain the store, and kill one after each part of it; return how many."""
    environment = {**place.environment, "EVENT_TRANSPORT": transport}
    kills, at_last_kill, left = 0, EVENTS, EVENTS
    with contextlib.ExitStack() as stack:

        def start() -> Worker:
            return stack.enter_context(working(environment, "--beat"))

        workers = [start() for _ in range(WORKERS)]
        ends_at = time.monotonic() + MOST_SECONDS
        while left:
            time.sleep(LOOK_SECONDS)
            assert time.monotonic() < ends_at, f"{left} events still wait"
            left = depth()
            if 0 < left <= at_last_kill - A_PART:
                workers[kills % WORKERS].kill()
                workers[kills % WORKERS] = start()
                kills, at_last_kill = kills + 1, left
    return kills


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

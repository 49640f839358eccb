"""A drain broken off between any two steps: another relay then sends what it has left, in order.

What is killed for real, with SIGKILL, is in `tests/relay`.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from financial_api.kernel import clock
from infra_backends import events, persistence
from infra_backends.persistence.base import PersistenceBackend
from outbox import leases
from outbox.entities import Event, EventStatus, EventType
from outbox.subscribers import subscribe, unsubscribe
from tests.faults.hasty import Consumer, HastyRelay
from tests.support.breaking import Announcing, BreakingPoint, BrokenOff
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.customers import a_cardholder
from tests.support.everything import look
from tests.support.invariants import check_everything, check_rows

FEWEST_STEPS = 40
A_LEASE = leases.LEASE_FOR + leases.SKEW + timedelta(seconds=1)


@pytest.fixture
def time() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as installed:
        yield installed


@pytest.fixture
def seen() -> Iterator[list[str]]:
    """The ids of the events that a subscriber in the process has had."""
    ids: list[str] = []

    @subscribe("crash tests", *EventType)
    def note(event: Event) -> None:
        ids.append(event.event_id)

    yield ids
    unsubscribe("crash tests")


def test_a_drain_broken_off_between_any_two_steps_is_finished_by_the_next_in_order(
    backend: PersistenceBackend, time: ElapsingClock, seen: list[str]
) -> None:
    steps: Counter[str] = Counter()
    for number in itertools.count():
        point = BreakingPoint(number)
        consumer = Consumer(point)
        fill_the_outbox(f"user-{number}")
        with events.use(consumer), persistence.use(Announcing(backend, point)):
            try:
                HastyRelay("the first").drain()
            except BrokenOff:
                backend.close()
        if point.broke_at is None:
            break
        steps[point.broke_at] += 1
        consumer.announce = lambda _: None
        time.move(seconds=A_LEASE.total_seconds())
        with events.use(consumer):
            HastyRelay("the second").drain()
        check_delivered(backend, consumer, seen, f"user-{number}")
    found = check_everything(backend)
    assert {event.status for event in found.all_events} == {EventStatus.SENT}

    assert steps.total() >= FEWEST_STEPS, steps
    assert {"before a publish", "after a publish", "before commit", "after commit"} <= set(steps)


def test_what_is_published_and_not_marked_is_published_again(
    backend: PersistenceBackend, time: ElapsingClock
) -> None:
    consumer = Consumer(break_off_after_publishing)
    fill_the_outbox("user-001")
    with events.use(consumer), pytest.raises(BrokenOff):
        HastyRelay("the first").drain()
    published = [event.event_id for event in consumer.received]
    consumer.announce = lambda _: None
    time.move(seconds=A_LEASE.total_seconds())

    with events.use(consumer):
        HastyRelay("the second").drain()

    times = Counter(event.event_id for event in consumer.received)
    assert len(published) == 1
    assert times[published[0]] == 2


def break_off_after_publishing(step: str) -> None:
    if step == "after a publish":
        raise BrokenOff(step)


def fill_the_outbox(name: str) -> None:
    """Store seven events of four entities."""
    customer = a_cardholder(name)
    customer.buy(customer.card, "40.00")
    customer.buy(customer.card, "2.00")
    customer.pay(customer.card, "12.00")


def check_delivered(
    backend: PersistenceBackend, consumer: Consumer, seen: list[str], name: str
) -> None:
    found = look(backend, [name], alone=True)
    check_rows(found)
    assert {event.status for event in found.all_events} == {EventStatus.SENT}
    entities = found.entities_of(name)
    assert sum(len(found.events_of(*entity)) for entity in entities) == 7
    for entity in entities:
        stored = found.events_of(*entity)
        expected = [event.sequence_number for event in stored]
        assert consumer.first_numbers(entity) == expected, entity
        assert {event.event_id for event in stored} <= set(seen)

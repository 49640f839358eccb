"""An event that is itself refused is tried again with growing pauses, and then given up."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event, EventStatus
from outbox.rules import LONGEST_ERROR, RETRY_AFTER
from tests.support.relays import MovingClock, PromptRelay, a_chain, one_each, statuses
from tests.support.storing import store, the
from tests.support.transport import REJECTION, Transport, numbers_of

WAITS = [10, 20, 40, 80, 160]

Later = Callable[[float], int]


@pytest.fixture
def event(backend: PersistenceBackend) -> Event:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    return event


def test_the_waits_are_ten_seconds_and_then_twice_the_last_one() -> None:
    assert [wait.total_seconds() for wait in RETRY_AFTER] == WAITS


def test_an_entry_that_is_rejected_waits_for_a_retry(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    time: MovingClock,
) -> None:
    transport.rejected = {event.event_id}
    rejected_at = time.now()

    assert relay.drain() == 0

    failed = the(backend, event.key)
    assert failed.status is EventStatus.FAILED
    assert failed.retry_count == 1
    assert failed.last_error == REJECTION
    assert failed.next_retry_at == rejected_at + timedelta(seconds=10)
    assert failed.deliveries == ()


def test_a_rejection_concerns_its_own_entry_alone(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    events = one_each(shard=2, count=10)
    store(backend, *events)
    transport.rejected = {events[4].event_id}

    relay.drain()

    assert statuses(events) == ["sent"] * 4 + ["failed"] + ["sent"] * 5


def test_an_event_is_retried_after_each_of_the_waits_and_not_before(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    time: MovingClock,
) -> None:
    transport.rejected = {event.event_id}
    relay.drain()
    for tries, wait in enumerate(WAITS, 1):
        failed_at = transport.attempts[-1]
        time.passed = failed_at + wait - 1000 - 0.001
        relay.drain(seconds=0.0005)
        assert len(transport.attempts) == tries
        time.passed = failed_at + wait - 1000
        relay.drain()
        assert len(transport.attempts) == tries + 1


def test_the_sixth_failure_dead_letters_an_event_with_an_error_in_the_log(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    later: Later,
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport.rejected = {event.event_id}
    for wait in [0, *WAITS[:-1]]:
        later(wait)
        assert the(backend, event.key).status is EventStatus.FAILED
    assert caplog.records == []

    later(WAITS[-1])

    dead = the(backend, event.key)
    assert (dead.status, dead.retry_count) == (EventStatus.DEAD_LETTER, 6)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, f"event {event.event_id} is dead-lettered: {REJECTION}")
    ]


def test_a_dead_letter_is_not_tried_again(
    relay: PromptRelay, transport: Transport, event: Event, later: Later
) -> None:
    transport.rejected = {event.event_id}
    for wait in [0, *WAITS]:
        later(wait)
    transport.rejected = set()

    assert later(100_000) == 0
    assert len(transport.attempts) == 6


def test_the_entity_of_a_dead_letter_goes_on(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, later: Later
) -> None:
    chain = a_chain("card-001", 3)
    store(backend, *chain)
    transport.rejected = {chain[0].event_id}
    for wait in [0, *WAITS[:-1]]:
        assert later(wait) == 0

    assert later(WAITS[-1]) == 2
    assert statuses(chain) == ["dead_letter", "sent", "sent"]
    assert numbers_of(transport.published, "card-001") == [2, 3]


def test_other_entities_go_on_while_one_waits(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    failing, other = one_each(shard=3, count=2)
    store(backend, failing, other)
    transport.rejected = {failing.event_id}

    assert relay.drain() == 1
    assert transport.published_ids == [other.event_id]


def test_a_retry_that_succeeds_leaves_no_error_behind(
    backend: PersistenceBackend,
    transport: Transport,
    event: Event,
    later: Later,
    time: MovingClock,
) -> None:
    transport.rejected = {event.event_id}
    later(0)
    transport.rejected = set()

    assert later(10) == 1

    sent = the(backend, event.key)
    assert (sent.status, sent.last_error, sent.retry_count) == (EventStatus.SENT, None, 1)
    assert sent.sent_at is not None
    assert event.created_at < sent.sent_at <= time.now()


def test_a_long_reason_is_cut(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.support.transport.REJECTION", "x" * 10_000)
    transport.rejected = {event.event_id}

    relay.drain()

    assert the(backend, event.key).last_error == "x" * LONGEST_ERROR

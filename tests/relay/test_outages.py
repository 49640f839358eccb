"""A transport that fails as a whole counts against no event, however long it does."""

import itertools
import logging
from collections.abc import Callable

import pytest

from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import EventType
from outbox.subscribers import subscribe, unsubscribe
from tests.support.relays import (
    MovingClock,
    PromptRelay,
    Watched,
    a_chain,
    current,
    in_shard,
    lease_of,
    one_each,
    statuses,
)
from tests.support.storing import store
from tests.support.transport import Transport, numbers_of

LOOK_EVERY = 1.0


def drain_for(relay: PromptRelay, time: MovingClock, seconds: float) -> None:
    """Drain again and again, as the process's thread does."""
    until = time.passed + seconds
    while time.passed < until:
        relay.drain(until - time.passed)
        time.sleep(LOOK_EVERY)


def test_an_outage_changes_no_event(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    chain = a_chain("card-001", 3)
    store(backend, *chain)
    before = current(chain)
    transport.is_away = True

    drain_for(relay, time, 60)

    assert current(chain) == before
    assert transport.published == []


def test_a_shard_waits_twice_as_long_after_each_failure_up_to_thirty_seconds(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    store(backend, *a_chain("card-001", 1))
    transport.is_away = True

    drain_for(relay, time, 93)

    attempts = transport.attempts
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    expected = [1, 2, 4, 8, 16, 30, 30]
    assert pauses[: len(expected)] == pytest.approx(expected, abs=LOOK_EVERY)
    assert all(pause >= due for pause, due in zip(pauses, expected, strict=False))


def test_what_is_put_off_goes_later_in_order_and_what_went_does_not_go_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    first, second = a_chain("card-001", 2)
    names = [name for name in in_shard(first.shard, 5) if name != "card-001"]
    others = [event for name in names for event in a_chain(name, 1)]
    store(backend, first, second, *others)
    (before,) = current([first])
    transport.put_off = {first.event_id}

    drain_for(relay, time, 40)

    assert statuses([first, second]) == ["pending", "pending"]
    assert set(statuses(others)) == {"sent"}
    assert current([first]) == [before]
    pauses = [later - earlier for earlier, later in itertools.pairwise(transport.attempts)]
    assert pauses[:4] == pytest.approx([1, 2, 4, 8], abs=LOOK_EVERY)

    transport.put_off = set()
    drain_for(relay, time, 31)

    assert statuses([first, second]) == ["sent", "sent"]
    assert numbers_of(transport.published, "card-001") == [1, 2]
    assert len(transport.published_ids) == len(set(transport.published_ids))


def test_after_the_outage_everything_goes_in_order(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    chains = [a_chain(f"card-{number}", 5) for number in range(10)]
    events = [event for chain in chains for event in chain]
    store(backend, *events)
    transport.is_away = True
    drain_for(relay, time, 40)

    transport.is_away = False
    drain_for(relay, time, 31)

    assert set(statuses(events)) == {"sent"}
    for number in range(10):
        assert numbers_of(transport.published, f"card-{number}") == [1, 2, 3, 4, 5]


def test_after_a_success_the_pauses_begin_at_a_second_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, first)
    transport.is_away = True
    drain_for(relay, time, 8)
    transport.is_away = False
    drain_for(relay, time, 10)
    transport.is_away, transport.attempts = True, []
    store(backend, second)

    drain_for(relay, time, 4)

    earlier, later = transport.attempts[:2]
    assert later - earlier < 2


def test_each_shard_waits_by_itself(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (first,), (second,) = one_each(1, 1), one_each(6, 1)
    store(backend, first, second)

    def fails_once() -> None:
        raise BackendUnavailable("throttled")

    transport.before.append(fails_once)

    relay.drain(seconds=0.5)

    assert statuses([first, second]) == ["pending", "sent"]


def test_a_shard_that_cannot_be_drained_is_in_no_others_way(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (first,), (second,) = one_each(1, 1), one_each(6, 1)
    store(backend, first, second)

    def breaks() -> None:
        raise KeyError("a row that nobody understands")

    transport.before.append(breaks)

    relay.drain(seconds=0.5)

    assert statuses([first, second]) == ["pending", "sent"]
    assert "shard 1 cannot be drained" in caplog.text
    time.sleep(2)
    relay.drain(seconds=0.5)
    assert statuses([first, second]) == ["sent", "sent"]


def test_a_shard_that_waits_costs_no_writes_and_no_calls(
    backend: PersistenceBackend,
    watched: Watched,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
) -> None:
    store(backend, *a_chain("card-001", 1))
    transport.is_away = True
    drain_for(relay, time, 8)
    written, called = len(watched.commits), len(transport.attempts)

    relay.drain(seconds=1)

    assert (len(watched.commits), len(transport.attempts)) == (written, called)


def test_a_shard_that_waits_is_free_for_another_relay(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    transport.is_away = True
    drain_for(relay, time, 8)
    transport.is_away = False

    assert lease_of(event.shard).holder is None
    assert PromptRelay("another").drain() == 1


def test_a_failure_in_the_middle_keeps_what_went_before_it(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    events = one_each(shard=2, count=30)
    store(backend, *events)

    def fails_once() -> None:
        raise BackendUnavailable("connection reset")

    transport.before.extend([lambda: None, fails_once])

    relay.drain(seconds=0.5)

    assert statuses(events).count("sent") == 10
    assert [event.retry_count for event in current(events)] == [0] * 30


def test_what_was_published_by_a_call_whose_answer_was_lost_goes_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)

    def answer_is_lost() -> None:
        raise BackendUnavailable("timed out")

    transport.after.append(answer_is_lost)

    drain_for(relay, time, 10)

    assert transport.published_ids == [event.event_id] * 2
    assert statuses([event]) == ["sent"]


def test_an_outage_is_logged_with_the_pause(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store(backend, *one_each(6, 1))
    transport.is_away = True

    drain_for(relay, time, 3)

    assert [record.getMessage() for record in caplog.records[:2]] == [
        "shard 6 waits 1 s: the bus is away",
        "shard 6 waits 2 s: the bus is away",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_subscriber_whose_store_is_away_counts_against_no_event(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    later: Callable[[float], int],
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    outcomes = iter([BackendUnavailable("no store"), None])

    @subscribe("stores", EventType.USER_CREATED)
    def stores(event) -> None:
        if error := next(outcomes):
            raise error

    try:
        relay.drain(seconds=0.5)
        assert [e.retry_count for e in current([event])] == [0]
        assert later(1) == 1
    finally:
        unsubscribe("stores")


def test_a_store_that_goes_away_before_the_mark_is_not_the_transports_outage(
    watched: Watched,
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The drain says so, no shard is put on hold, and what went out goes again."""
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    commits = watched.commit

    def goes_away() -> None:
        watched.commit = is_away  # type: ignore[method-assign]

    def is_away(commit) -> None:
        raise BackendUnavailable("no store")

    transport.after.append(goes_away)
    with pytest.raises(BackendUnavailable, match="no store"):
        relay.drain()
    assert caplog.records == []

    watched.commit = commits  # type: ignore[method-assign]
    assert relay.drain() == 1
    assert transport.published_ids == [event.event_id] * 2

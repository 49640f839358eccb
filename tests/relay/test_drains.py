"""How long a drain goes on, and what it looks at before it ends."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox.relay import DRAIN_SECONDS, LINGER_SECONDS, LOOK_SECONDS, SWEEP_SECONDS, Relay
from tests.support.builders import SHARDS
from tests.support.indexes import LaggingIndex
from tests.support.relays import (
    MovingClock,
    PromptRelay,
    a_chain,
    in_shard,
    lease_of,
    one_each,
    statuses,
)
from tests.support.storing import store
from tests.support.transport import Transport


def test_an_idle_outbox_is_left_at_once(relay: PromptRelay, time: MovingClock) -> None:
    relay.drain()

    assert time.passed == 0


@pytest.fixture
def looked_at(backend: PersistenceBackend) -> Iterator[list[int]]:
    """The shards that the index was asked for, in order."""
    asked: list[int] = []

    def note(shard: int, truth: Any) -> Any:
        asked.append(shard)
        return truth

    with persistence.use(LaggingIndex(backend, note)):  # type: ignore[arg-type]
        yield asked


def test_a_nudge_that_names_shards_has_these_alone_looked_at(
    relay: PromptRelay, transport: Transport, looked_at: list[int]
) -> None:
    relay.drain()
    looked_at.clear()

    relay.nudge([6])
    relay.nudge([1, 6])
    relay.drain(everywhere=False)
    relay.drain(everywhere=False)

    assert looked_at == [1, 6]


def test_a_nudge_that_names_none_has_all_looked_at(
    relay: PromptRelay, transport: Transport, looked_at: list[int]
) -> None:
    relay.drain()
    looked_at.clear()

    relay.nudge([6])
    relay.nudge()
    relay.drain(everywhere=False)

    assert looked_at == list(range(SHARDS))


def test_however_many_nudges_come_no_shard_waits_longer_for_a_look(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    """As many as keep a relay busy with the events of its own process."""
    (forgotten,) = one_each(6, 1)
    own = iter(one_each(1, 20))
    relay.drain()
    store(backend, forgotten)
    for _ in range(5):
        store(backend, next(own))
        relay.nudge([1])
        relay.drain(everywhere=False)
        if statuses([forgotten]) == ["sent"]:
            break
        time.sleep(0.1)

    assert time.passed <= SWEEP_SECONDS + LINGER_SECONDS + 1
    assert statuses([forgotten]) == ["sent"]


def test_a_lone_event_costs_few_looks(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    looked_at: list[int],
) -> None:
    relay.drain()
    looked_at.clear()
    store(backend, *one_each(6, 1))
    relay.nudge([6])

    assert relay.drain(everywhere=False) == 1
    of_others = [shard for shard in looked_at if shard != 6]
    assert len(of_others) == len(set(of_others))
    assert len(looked_at) - len(of_others) <= LINGER_SECONDS / LOOK_SECONDS + 4


def test_a_shard_is_kept_for_two_seconds_after_its_last_event(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    store(backend, *a_chain("card-001", 1))

    relay.drain()

    assert LINGER_SECONDS <= time.passed < LINGER_SECONDS + 0.5


def test_what_is_stored_while_the_relay_lingers_goes_in_the_same_drain(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, first)
    transport.after.append(lambda: store(backend, second))

    assert relay.drain() == 2


def test_a_nudge_while_the_relay_lingers_has_it_look_at_all_shards(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    (first,), (second,) = one_each(6, 1), one_each(1, 1)
    store(backend, first)
    at: list[float] = []

    def another_comes() -> None:
        store(backend, second)
        relay.nudge()
        transport.before.append(lambda: at.append(time.passed))

    transport.after.append(another_comes)

    assert relay.drain() == 2
    assert at == [0]


def test_the_relay_looks_once_more_after_it_has_released(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    """Who was turned away by the lease a moment before need not come again."""
    first, second = a_chain("card-001", 2)
    store(backend, first)
    looks = iter(range(100))

    def stored_after_the_release(shard, truth):
        if shard == first.shard and lease_of(shard).holder is None and next(looks) == 1:
            store(backend, second)
            return backend.outbox.proposals(shard, second.created_at, 10)
        return truth

    with persistence.use(LaggingIndex(backend, stored_after_the_release)):  # type: ignore[arg-type]
        assert relay.drain() == 2


@pytest.mark.parametrize("count", [150, 30])
def test_a_drain_begins_no_batch_after_its_time(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    count: int,
) -> None:
    store(backend, *a_chain("card-001", count))
    transport.seconds = 3

    sent = relay.drain(seconds=20)

    assert sent == 7
    assert time.passed == 21
    assert lease_of(a_chain("card-001", 1)[0].shard).holder is None


def test_a_drain_lasts_twenty_seconds_unless_told_otherwise() -> None:
    assert DRAIN_SECONDS == 20


def test_time_that_is_up_in_one_shard_is_up_for_all(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    store(backend, *(event for shard in range(8) for event in one_each(shard, 20)))
    transport.seconds = 2

    relay.drain(seconds=5)

    assert time.passed == 6


def test_a_drain_that_ran_out_of_time_has_the_next_one_follow_at_once(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 10)
    store(backend, *chain)
    transport.seconds = 3

    relay.drain(seconds=20)

    assert relay.wait(60) is True
    relay.drain()
    assert set(statuses(chain)) == {"sent"}


def test_a_drain_that_is_through_asks_for_no_other(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 3))

    relay.drain()

    assert relay.wait(0) is False


def test_more_than_a_page_goes_in_one_drain(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, monkeypatch
) -> None:
    monkeypatch.setattr("outbox.relay.PAGE", 7)
    store(backend, *(event for name in in_shard(3, 5) for event in a_chain(name, 9)))

    assert relay.drain() == 45


def test_a_relay_that_was_stopped_sends_nothing_any_more(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *a_chain("card-001", 1))
    relay.stop()

    assert relay.drain() == 0
    assert relay.is_stopping


def test_stopping_ends_a_wait() -> None:
    relay = Relay()
    timer = threading.Timer(0.05, relay.stop)
    timer.start()

    assert relay.wait(30) is True
    timer.join()


def test_nudges_that_nobody_waited_for_become_one() -> None:
    relay = Relay()
    for _ in range(1000):
        relay.nudge()

    assert [relay.wait(0), relay.wait(0)] == [True, False]


def test_without_a_nudge_a_wait_ends_by_itself() -> None:
    assert Relay().wait(0.01) is False


def test_a_nudge_is_never_lost_between_two_waits() -> None:
    """One that comes as a wait ends without one is there for the next."""
    relay = Relay()
    given = 0
    for _ in range(300):
        nudger = threading.Thread(target=relay.nudge)
        nudger.start()
        given += relay.wait(0)
        nudger.join()
        given += relay.wait(0)

    assert given == 300


def test_a_store_that_is_away_is_an_error_of_the_drain(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    def away(shard, truth):
        raise BackendUnavailable("no store")

    with (
        persistence.use(LaggingIndex(backend, away)),  # type: ignore[arg-type]
        pytest.raises(BackendUnavailable),
    ):
        relay.drain()

"""One relay at a time drains a shard; it costs nothing where nothing waits."""

from datetime import timedelta

import pytest

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox import leases
from outbox.entities import Event, Lease
from tests.support.relays import (
    MovingClock,
    PromptRelay,
    Watched,
    a_chain,
    lease_of,
    one_each,
    statuses,
    take_lease,
)
from tests.support.storing import store
from tests.support.transport import Transport

OTHER = "another relay"
HALF_A_LEASE = 5.0


@pytest.fixture
def event(backend: PersistenceBackend) -> Event:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    return event


def test_an_idle_outbox_costs_no_writes(
    watched: Watched, relay: PromptRelay, transport: Transport
) -> None:
    relay.drain()

    assert watched.commits == []


def test_a_shard_whose_events_are_all_sent_costs_no_writes(
    watched: Watched, event: Event, relay: PromptRelay
) -> None:
    relay.drain()
    written = len(watched.commits)

    relay.drain()

    assert len(watched.commits) == written


def test_a_shard_whose_events_wait_for_a_retry_costs_no_writes(
    watched: Watched, event: Event, relay: PromptRelay, transport: Transport
) -> None:
    transport.rejected = {event.event_id}
    relay.drain()
    written = len(watched.commits)

    relay.drain()

    assert len(watched.commits) == written


def test_one_event_costs_a_lease_taken_and_released_and_its_mark(
    watched: Watched, event: Event, relay: PromptRelay
) -> None:
    relay.drain()

    assert [type(row).__name__ for commit in watched.commits for row in commit.saves] == [
        "Lease",
        "Event",
        "Lease",
    ]


def test_only_the_shard_with_events_is_leased(
    watched: Watched, event: Event, relay: PromptRelay
) -> None:
    relay.drain()

    leased = [row for commit in watched.commits for row in commit.saves if isinstance(row, Lease)]
    assert {lease.shard for lease in leased} == {event.shard}


def test_a_shard_that_another_holds_is_left_alone(
    event: Event, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    take_lease(event.shard, OTHER, time.now() + leases.LEASE_FOR)

    assert relay.drain() == 0
    assert transport.attempts == []
    assert lease_of(event.shard).holder == OTHER


def test_shards_that_nobody_holds_are_drained_beside_one_that_another_holds(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    heads = [one_each(shard, 1)[0] for shard in range(8)]
    store(backend, *heads)
    take_lease(3, OTHER, time.now() + leases.LEASE_FOR)

    assert relay.drain() == 7
    assert heads[3].event_id not in transport.published_ids


def test_a_lease_that_has_just_expired_may_still_be_held_on_a_slower_clock(
    event: Event, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    take_lease(event.shard, OTHER, time.now())
    time.sleep(1.999)

    assert leases.acquire(event.shard, "a third") is None


def test_a_lease_that_expired_two_seconds_ago_is_taken_over(
    event: Event, relay: PromptRelay, time: MovingClock
) -> None:
    take_lease(event.shard, OTHER, time.now())
    time.sleep(2)

    assert relay.drain() == 1
    assert statuses([event]) == ["sent"]


def test_a_relay_that_is_back_with_its_own_name_need_not_wait(
    event: Event, relay: PromptRelay, time: MovingClock
) -> None:
    take_lease(event.shard, "relay under test", time.now() + leases.LEASE_FOR)

    assert relay.drain() == 1


def test_a_lease_lasts_ten_seconds_from_before_the_store_was_asked(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    asked_at, now = clock.monotonic(), time.now()

    held = leases.acquire(1, "me")

    assert held is not None
    assert held.ends_at == asked_at + 10
    assert lease_of(1).expires_at == now + timedelta(seconds=10)


def test_the_time_that_the_store_takes_is_not_the_holders(
    interleaving, transport: Transport, time: MovingClock
) -> None:
    interleaving.before_commit(lambda: time.sleep(4))

    held = leases.acquire(1, "me")

    assert held is not None
    assert held.seconds_left == 6


def test_of_two_that_take_a_lease_at_once_one_has_it(interleaving, time: MovingClock) -> None:
    won = []
    interleaving.before_commit(lambda: won.append(leases.acquire(1, OTHER)))

    assert leases.acquire(1, "me") is None
    assert won != [None]
    assert lease_of(1).holder == OTHER


def test_a_lease_is_renewed_before_a_batch_when_half_of_it_is_over(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    store(backend, *one_each(shard=2, count=30))
    transport.seconds = 5
    ends: list[float] = []
    transport.before.extend(lambda: ends.append(seconds_left_in_store(2)) for _ in range(3))

    assert relay.drain() == 30
    assert ends == [5, 5, 5]


def seconds_left_in_store(shard: int) -> float:
    expires_at = lease_of(shard).expires_at
    assert expires_at is not None
    return (expires_at - clock.now()).total_seconds()


def test_a_lost_lease_stops_the_publishing(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    events = one_each(shard=2, count=30)
    store(backend, *events)
    transport.seconds = HALF_A_LEASE
    transport.after.append(
        lambda: take_lease(2, OTHER, clock.now() + timedelta(minutes=5)),
    )

    relay.drain()

    assert len(transport.batches) == 1
    assert statuses(events).count("sent") == 10
    assert lease_of(2).holder == OTHER


def test_a_lease_that_was_lost_and_is_free_again_is_taken_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    events = one_each(shard=2, count=30)
    store(backend, *events)
    transport.seconds = HALF_A_LEASE
    transport.after.append(lambda: take_lease(2, OTHER, clock.now() - leases.SKEW))

    relay.drain()

    assert statuses(events).count("sent") == 30


def test_a_publish_that_could_outlast_the_lease_does_not_begin(
    backend: PersistenceBackend, event: Event, relay: PromptRelay, transport: Transport
) -> None:
    transport.longest_publish_seconds = 10.0  # type: ignore[misc]

    assert relay.drain() == 0
    assert transport.attempts == []


def test_a_renewal_that_took_long_is_followed_by_no_publish(
    interleaving, event: Event, relay: PromptRelay, transport: Transport, time: MovingClock
) -> None:
    transport.longest_publish_seconds = 3.0  # type: ignore[misc]
    interleaving.before_commit(lambda: time.sleep(HALF_A_LEASE), lambda: time.sleep(8))

    relay.drain(seconds=8)

    assert transport.attempts == []


def test_leases_are_released_at_the_end(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *(one_each(shard, 1)[0] for shard in range(8)))

    relay.drain()

    assert {lease_of(shard).holder for shard in range(8)} == {None}


def test_leases_are_released_when_the_relay_is_told_to_stop(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    events = one_each(shard=2, count=30)
    store(backend, *events)
    transport.after.append(relay.stop)

    assert relay.drain() == 10
    assert statuses(events).count("sent") == 10
    assert lease_of(2).holder is None


def test_leases_that_could_not_be_released_are_by_the_next_drain(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store(backend, *(one_each(shard, 1)[0] for shard in range(8)))

    def fail(held: leases.HeldLease) -> None:
        raise BackendUnavailable("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(leases, "release", fail)
        with pytest.raises(BackendUnavailable):
            relay.drain()
    assert all(lease_of(shard).holder for shard in range(8))

    relay.drain()

    assert {lease_of(shard).holder for shard in range(8)} == {None}


def test_leases_are_released_when_something_breaks(
    event: Event, relay: PromptRelay, transport: Transport
) -> None:
    def breaks() -> None:
        raise RuntimeError("a bug")

    transport.before.append(breaks)

    relay.drain(seconds=0.5)

    assert statuses([event]) == ["pending"]
    assert lease_of(event.shard).holder is None


def test_releasing_what_another_has_taken_leaves_it_to_the_other(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    held = leases.acquire(1, "me")
    assert held is not None
    take_lease(1, OTHER, time.now() + leases.LEASE_FOR)

    leases.release(held)

    assert lease_of(1).holder == OTHER


def test_a_renewal_whose_answer_is_lost_does_not_lock_the_relay_out(
    event: Event, relay: PromptRelay, watched: Watched, time: MovingClock
) -> None:
    commits = watched.commit
    answers = iter([False, True])

    def loses_the_second_answer(commit) -> None:
        commits(commit)
        time.sleep(HALF_A_LEASE)
        if next(answers, False):
            raise BackendUnavailable("no answer")

    watched.commit = loses_the_second_answer  # type: ignore[method-assign]
    with pytest.raises(BackendUnavailable):
        relay.drain()

    assert relay.drain() == 1

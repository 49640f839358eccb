"""The index only proposes: one that lags in any direction neither reorders nor loses."""

import pytest

from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event
from tests.support.indexes import Distortion, Hides, LaggingIndex, Remembers, Repeats
from tests.support.relays import PromptRelay, a_chain, assert_in_order, in_shard, statuses
from tests.support.storing import store
from tests.support.transport import Transport

ENTITIES = 12
EACH = 5
MOST_DRAINS = 60


@pytest.fixture
def waiting(backend: PersistenceBackend) -> list[Event]:
    """Events of some entities in two shards."""
    names = [*in_shard(2, ENTITIES // 2), *in_shard(5, ENTITIES // 2)]
    chains = [a_chain(name, EACH) for name in names]
    events = [event for chain in chains for event in chain]
    store(backend, *events)
    return events


def drain_all(
    backend: PersistenceBackend, relay: PromptRelay, distortion: Distortion, events: list[Event]
) -> None:
    """Drain behind such an index until all is sent."""
    with persistence.use(LaggingIndex(backend, distortion)):  # type: ignore[arg-type]
        for _ in range(MOST_DRAINS):
            relay.drain()
            if set(statuses(events)) == {"sent"}:
                return
    raise AssertionError(f"not sent: {statuses(events)}")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("likelihood", [0.3, 0.9])
def test_rows_that_the_index_does_not_show_yet_keep_their_order_and_are_not_lost(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    waiting: list[Event],
    likelihood: float,
    seed: int,
) -> None:
    drain_all(backend, relay, Hides(seed, likelihood, looks=60), waiting)

    assert_in_order(transport.published)
    assert len(transport.published) == len(waiting)


@pytest.mark.parametrize("looks", [1, 4])
def test_rows_that_come_late_and_go_late_are_sent_in_order_and_once(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    waiting: list[Event],
    looks: int,
) -> None:
    drain_all(backend, relay, Repeats(looks), waiting)

    assert_in_order(transport.published)
    assert len(transport.published) == len(waiting)


def test_rows_of_what_was_sent_long_ago_are_not_sent_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, waiting: list[Event]
) -> None:
    remembers = Remembers(seed=1)
    drain_all(backend, relay, remembers, waiting)
    with persistence.use(LaggingIndex(backend, remembers)):  # type: ignore[arg-type]
        relay.drain()

    assert_in_order(transport.published)
    assert len(transport.published) == len(waiting)


def test_rows_of_events_that_are_gone_are_passed_over(
    sweeping: PersistenceBackend, relay: PromptRelay, transport: Transport, time
) -> None:
    remembers = Remembers(seed=2)
    chain = a_chain("card-001", 3)
    store(sweeping, *chain[:2])
    drain_all(sweeping, relay, remembers, chain[:2])
    sweeping.outbox.delete_sent(time.now().replace(year=2030), 10)
    store(sweeping, chain[2])

    drain_all(sweeping, relay, remembers, chain[2:])

    assert [event.sequence_number for event in transport.published] == [1, 2, 3]


def test_a_head_that_the_index_hides_holds_up_its_followers(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, first, second)

    def without_the_head(shard, truth):
        return [row for row in truth if row.event_id != first.event_id]

    with persistence.use(LaggingIndex(backend, without_the_head)):  # type: ignore[arg-type]
        assert relay.drain() == 0
    assert relay.drain() == 2

    assert transport.published_ids == [first.event_id, second.event_id]


def test_a_row_of_an_event_that_waits_for_a_retry_by_now_is_not_sent_before_its_time(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    transport.rejected = {event.event_id}

    with persistence.use(LaggingIndex(backend, Remembers(seed=3))):  # type: ignore[arg-type]
        relay.drain()
        relay.drain()

    assert len(transport.attempts) == 1

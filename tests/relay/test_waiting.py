"""Retries that wait do not stand in the way of other entities."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event
from outbox.relay import PAGE
from tests.support.builders import MOMENT
from tests.support.relays import (
    MovingClock,
    PromptRelay,
    Watched,
    a_chain,
    current,
    in_shard,
    one_each,
    statuses,
)
from tests.support.storing import store, the
from tests.support.transport import Transport, numbers_of

AFTERWARDS = MOMENT + timedelta(minutes=30)


def test_a_follower_found_blocked_takes_the_next_retry_of_its_predecessor(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, first, second)
    transport.rejected = {first.event_id}

    relay.drain()

    failed, follower = current([first, second])
    assert follower.next_retry_at == failed.next_retry_at > second.next_retry_at
    assert follower.retry_count == 0
    assert follower.status == "pending"


def test_all_followers_of_a_waiting_retry_move_at_once(
    backend: PersistenceBackend, watched: Watched, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 31)
    store(backend, *chain)
    transport.rejected = {chain[0].event_id}

    relay.drain()

    assert len({event.next_retry_at for event in current(chain)}) == 1
    written = [commit.saves for commit in watched.commits if isinstance(commit.saves[0], Event)]
    assert [len(saves) for saves in written] == [1, 10, 10, 10]


def test_a_follower_goes_right_after_the_retry_it_waited_for(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    later: Callable[[float], int],
) -> None:
    chain = a_chain("card-001", 3)
    store(backend, *chain)
    transport.rejected = {chain[0].event_id}
    relay.drain()
    transport.rejected = set()

    assert later(10) == 3
    assert numbers_of(transport.published, "card-001") == [1, 2, 3]


@pytest.mark.parametrize("entities", [1, 5])
def test_more_followers_than_a_page_holds_do_not_starve_another_entity(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    entities: int,
) -> None:
    *blocked, free = in_shard(4, entities + 1)
    each = 2 * (PAGE + 20) // entities
    chains = [a_chain(name, each) for name in blocked]
    (last,) = a_chain(free, 1, moment=AFTERWARDS)
    store(backend, *(event for chain in chains for event in chain), last)
    transport.rejected = {chain[0].event_id for chain in chains}

    relay.drain(seconds=5)

    assert statuses([last]) == ["sent"]
    assert transport.published_ids == [last.event_id]


def test_pages_of_followers_are_put_behind_one_after_the_other_without_a_pause(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    time: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("outbox.relay.PAGE", 10)
    blocked, free = in_shard(4, 2)
    chain = a_chain(blocked, 60)
    (last,) = a_chain(free, 1, moment=AFTERWARDS)
    store(backend, *chain, last)
    transport.rejected = {chain[0].event_id}
    at: list[float] = []
    transport.before.extend([lambda: None, lambda: at.append(time.passed)])

    relay.drain()

    assert at == [0]


def test_more_waiting_retries_than_a_page_holds_do_not_starve_another_entity(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, monkeypatch
) -> None:
    monkeypatch.setattr("outbox.relay.PAGE", 20)
    *failing, last = one_each(5, 31)
    store(backend, *failing, last)
    transport.rejected = {event.event_id for event in failing}

    relay.drain()

    assert transport.published_ids == [last.event_id]


def test_a_follower_that_waits_where_it_should_is_not_written_again(
    backend: PersistenceBackend, watched: Watched, relay: PromptRelay, transport: Transport
) -> None:
    chain = a_chain("card-001", 3)
    store(backend, *chain)
    transport.rejected = {chain[0].event_id}
    relay.drain()
    stored = [the(backend, event.key).version for event in chain]

    relay.drain()

    assert [the(backend, event.key).version for event in chain] == stored == [2, 2, 2]

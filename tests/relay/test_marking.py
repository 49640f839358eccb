"""The mark is conditional on the event being as it was read: that is the fence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from financial_api.kernel import clock
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from outbox import rules
from outbox.entities import Event, EventStatus
from tests.support.relays import (
    PromptRelay,
    Watched,
    a_chain,
    current,
    one_each,
    statuses,
)
from tests.support.storing import store, stored, the
from tests.support.transport import Transport


def purge(backend: PersistenceBackend) -> None:
    while backend.purge(100):
        pass


def moves(backend: PersistenceBackend, event: Event) -> Callable[[], None]:
    """Return what another relay does when it has sent an event meanwhile."""

    def move() -> None:
        sent = rules.after_success(the(backend, event.key), ["published"], clock.now())
        backend.commit(Commit(now=clock.now(), saves=[sent]))

    return move


def test_an_event_that_a_cleanup_deleted_after_its_publish_is_not_brought_back(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    transport.after.append(lambda: purge(backend))

    assert relay.drain() == 0

    assert transport.published_ids == [event.event_id]
    assert stored(backend, event.key) is None


def test_a_failure_does_not_bring_a_deleted_event_back_either(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    transport.rejected = {event.event_id}
    transport.after.append(lambda: purge(backend))

    relay.drain()

    assert stored(backend, event.key) is None


def test_an_event_that_another_relay_sent_meanwhile_stays_as_the_other_left_it(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    transport.rejected = {event.event_id}
    transport.after.append(moves(backend, event))

    assert relay.drain() == 0

    moved = the(backend, event.key)
    assert (moved.status, moved.retry_count, moved.version) == (EventStatus.SENT, 0, 2)


def test_the_others_of_its_batch_are_marked_one_by_one(
    backend: PersistenceBackend, watched: Watched, relay: PromptRelay, transport: Transport
) -> None:
    events = one_each(shard=2, count=10)
    store(backend, *events)
    transport.after.append(moves(backend, events[3]))

    assert relay.drain() == 9

    marks = [commit.saves for commit in watched.commits if isinstance(commit.saves[0], Event)]
    assert [len(saves) for saves in marks] == [1] * 9
    assert set(statuses(events)) == {"sent"}
    assert len(transport.published) == 10


def test_a_batch_that_nobody_touched_is_marked_in_one_commit(
    backend: PersistenceBackend, watched: Watched, relay: PromptRelay, transport: Transport
) -> None:
    store(backend, *one_each(shard=2, count=10))

    relay.drain()

    marks = [commit.saves for commit in watched.commits if isinstance(commit.saves[0], Event)]
    assert [len(saves) for saves in marks] == [10]


def test_nothing_is_marked_before_it_was_published(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    events = one_each(shard=2, count=10)
    store(backend, *events)
    seen: list[set[str]] = []
    transport.before.append(lambda: seen.append(set(statuses(events))))

    relay.drain()

    assert seen == [{"pending"}]


def test_followers_of_an_event_that_could_not_be_marked_wait_for_a_new_look(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    """Whoever moved it may have dead-lettered it, deleted it or set it back."""
    first, second = a_chain("card-001", 2)
    store(backend, first, second)

    def set_back() -> None:
        again = replace(
            the(backend, first.key),
            status=EventStatus.FAILED,
            retry_count=1,
            next_retry_at=clock.now() + timedelta(minutes=1),
        )
        backend.commit(Commit(now=clock.now(), saves=[again]))

    transport.after.append(set_back)

    relay.drain()

    assert transport.published_ids == [first.event_id]
    assert statuses([first, second]) == ["failed", "pending"]


def test_no_dead_letter_is_announced_that_was_not_stored(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (event,) = a_chain("card-001", 1, retry_count=5, status=EventStatus.FAILED)
    store(backend, event)
    transport.rejected = {event.event_id}
    transport.after.append(moves(backend, event))

    relay.drain()

    assert caplog.records == []
    assert statuses([event]) == ["sent"]


def test_a_conflict_with_nobody_costs_no_event(
    backend: PersistenceBackend, interleaving, relay: PromptRelay, transport: Transport
) -> None:
    """A store may refuse a transaction that would have been fine, as after a deadlock."""
    events = one_each(shard=2, count=3)
    store(backend, *events)

    def deadlock() -> None:
        raise ConcurrencyError("deadlock detected")

    interleaving.before_commit(lambda: None, lambda: None, deadlock)

    assert relay.drain() == 3
    assert len(transport.published) == 3


def test_a_follower_that_was_moved_by_another_is_not_put_behind(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    first, second = a_chain("card-001", 2)
    store(backend, first, second)
    transport.rejected = {first.event_id}
    transport.after.append(moves(backend, second))

    relay.drain()

    assert [event.version for event in current([first, second])] == [2, 2]
    assert statuses([second]) == ["sent"]

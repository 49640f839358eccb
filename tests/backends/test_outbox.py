"""The index of unsent events that the relay works from."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.repositories import Proposal
from outbox.entities import Backlog, EntityType, Event, EventStatus
from tests.support.builders import MOMENT, SHARDS, an_event, an_id, at
from tests.support.storing import store, stored, the

USER = (EntityType.USER, "user-001")
SHARD = an_event(entity=USER).shard
UNSENT = [EventStatus.PENDING, EventStatus.FAILED]
DONE = [EventStatus.SENT, EventStatus.DEAD_LETTER]


def an_event_due(second: float, number: int = 1, **fields) -> Event:
    return an_event(number, entity=USER, next_retry_at=at(second), **fields)


def proposed(
    backend: PersistenceBackend, second: float = 60, *, shard: int = SHARD, limit: int = 100
) -> Sequence[Proposal]:
    return backend.outbox.proposals(shard, at(second), limit)


def proposed_ids(backend: PersistenceBackend, second: float = 60, **fields) -> list[str]:
    return [proposal.event_id for proposal in proposed(backend, second, **fields)]


def test_the_index_has_as_many_shards_as_it_was_given(backend: PersistenceBackend) -> None:
    assert backend.outbox.shards == SHARDS


def test_an_empty_outbox_proposes_nothing(backend: PersistenceBackend) -> None:
    assert [list(proposed(backend, shard=shard)) for shard in range(SHARDS)] == [[]] * SHARDS


def test_a_proposal_says_what_the_event_says(backend: PersistenceBackend) -> None:
    event = an_event_due(2.5, previous_event_id=an_id(1))
    store(backend, event)

    (proposal,) = proposed(backend)

    assert proposal == Proposal(event.event_id, event.previous_event_id, event.next_retry_at)


@pytest.mark.parametrize("status", UNSENT)
def test_unsent_events_are_proposed(backend: PersistenceBackend, status: EventStatus) -> None:
    event = an_event_due(0, status=status)
    store(backend, event)

    assert proposed_ids(backend) == [event.event_id]


@pytest.mark.parametrize("status", DONE)
def test_events_that_are_done_with_are_not_proposed(
    backend: PersistenceBackend, status: EventStatus
) -> None:
    store(backend, an_event_due(0, status=status))

    assert proposed_ids(backend) == []


def test_an_event_is_proposed_from_the_very_moment_it_is_due(backend: PersistenceBackend) -> None:
    event = an_event_due(1)
    store(backend, event)

    assert proposed_ids(backend, 0.999999) == []
    assert proposed_ids(backend, 1) == [event.event_id]


def test_only_the_shards_own_events_are_proposed(backend: PersistenceBackend) -> None:
    events = [
        an_event(entity=(EntityType.CARD, f"card-{number}"), next_retry_at=at(number))
        for number in range(20)
    ]
    store(backend, *events)

    for shard in range(SHARDS):
        own = [event.event_id for event in events if event.shard == shard]
        assert proposed_ids(backend, shard=shard) == own
    assert len({event.shard for event in events}) > 1


def test_proposals_come_by_retry_time_then_number_then_id(backend: PersistenceBackend) -> None:
    third, fourth = (an_event_due(2, 10, event_id=an_id(n)) for n in (1, 2))
    fourth = replace(fourth, entity_type=EntityType.SCORE)
    expected = [
        an_event_due(1, 30),
        an_event_due(2, 9),
        third,
        fourth,
        an_event_due(3, 1),
    ]
    store(backend, *(expected[place] for place in (4, 3, 0, 2, 1)))

    assert proposed_ids(backend) == [event.event_id for event in expected]


def test_no_more_is_proposed_than_asked_for_and_that_from_the_head(
    backend: PersistenceBackend,
) -> None:
    events = [an_event_due(number, number) for number in range(1, 8)]
    store(backend, *events)

    assert proposed_ids(backend, limit=3) == [event.event_id for event in events[:3]]


def test_an_event_that_was_sent_leaves_the_index(backend: PersistenceBackend) -> None:
    first, second = an_event_due(0, 1), an_event_due(0, 2)
    store(backend, first, second)
    sent = replace(the(backend, first.key), status=EventStatus.SENT, sent_at=at(1))

    backend.commit(Commit(now=MOMENT, saves=[sent]))

    assert proposed_ids(backend) == [second.event_id]


def test_an_event_that_failed_moves_to_its_next_retry(backend: PersistenceBackend) -> None:
    first, second = an_event_due(0, 1), an_event_due(1, 2)
    store(backend, first, second)
    failed = replace(
        the(backend, first.key), status=EventStatus.FAILED, retry_count=1, next_retry_at=at(10)
    )

    backend.commit(Commit(now=MOMENT, saves=[failed]))

    assert proposed_ids(backend, 9) == [second.event_id]
    assert proposed_ids(backend, 10) == [second.event_id, first.event_id]


def test_a_dead_letter_that_is_redriven_is_proposed_again(backend: PersistenceBackend) -> None:
    event = an_event_due(0, status=EventStatus.DEAD_LETTER, retry_count=6)
    store(backend, event)

    redriven = replace(the(backend, event.key), status=EventStatus.PENDING, next_retry_at=at(5))
    backend.commit(Commit(now=MOMENT, saves=[redriven]))

    assert proposed_ids(backend, 5) == [event.event_id]


def test_without_unsent_events_there_is_no_oldest(backend: PersistenceBackend) -> None:
    store(backend, *(an_event(n, at(n), status=status) for n, status in enumerate(DONE, 1)))

    assert backend.outbox.oldest_unsent() is None


@pytest.mark.parametrize("statuses", [UNSENT, UNSENT[::-1]])
def test_the_oldest_unsent_event_is_the_one_made_first_whatever_its_retry(
    backend: PersistenceBackend, statuses: list[EventStatus]
) -> None:
    older, newer = (
        an_event(n, at(n), status=status, next_retry_at=at(100 - n))
        for n, status in enumerate(statuses, 2)
    )
    store(backend, newer, older, an_event(1, at(1), status=EventStatus.SENT))

    assert backend.outbox.oldest_unsent() == at(2)


def test_the_oldest_unsent_event_is_found_in_any_shard(backend: PersistenceBackend) -> None:
    store(
        backend,
        *(
            an_event(1, at(10 - number), entity=(EntityType.CARD, f"card-{number}"))
            for number in range(10)
        ),
    )

    assert backend.outbox.oldest_unsent() == at(1)


def test_a_shards_backlog_is_what_it_has_unsent(backend: PersistenceBackend) -> None:
    store(
        backend,
        an_event(1, at(1), entity=USER, status=EventStatus.SENT, sent_at=at(1)),
        an_event(2, at(2), entity=USER, status=EventStatus.DEAD_LETTER),
        an_event(3, at(3), entity=USER, status=EventStatus.FAILED, next_retry_at=at(900)),
        an_event(4, at(4), entity=USER),
    )

    assert backend.outbox.backlog(SHARD) == Backlog(depth=2, oldest=at(3))
    assert backend.outbox.backlog((SHARD + 1) % SHARDS) == Backlog(depth=0, oldest=None)


def test_sweeping_deletes_what_was_sent_before_a_time_and_nothing_else(
    sweeping: PersistenceBackend,
) -> None:
    old, recent = (an_event(n, at(n), status=EventStatus.SENT, sent_at=at(10 * n)) for n in (1, 2))
    others = [
        an_event(n, at(0), status=status)
        for n, status in enumerate([*UNSENT, EventStatus.DEAD_LETTER], 3)
    ]
    store(sweeping, old, recent, *others)

    deleted = sweeping.outbox.delete_sent(at(20), 10)

    assert deleted == 1
    assert stored(sweeping, old.key) is None
    assert all(stored(sweeping, event.key) is not None for event in (recent, *others))


def test_sweeping_goes_on_in_bounded_steps_until_nothing_is_left(
    sweeping: PersistenceBackend,
) -> None:
    store(
        sweeping,
        *(an_event(n, at(n), status=EventStatus.SENT, sent_at=at(n)) for n in range(1, 6)),
    )

    assert [sweeping.outbox.delete_sent(at(60), 2) for _ in range(4)] == [2, 2, 1, 0]
    assert list(sweeping.outbox.page(None, None, after=None, limit=5).items) == []


def test_what_was_swept_away_cannot_be_marked_back_to_life(sweeping: PersistenceBackend) -> None:
    event = an_event(status=EventStatus.SENT, sent_at=at(1))
    store(sweeping, event)
    read = the(sweeping, event.key)
    sweeping.outbox.delete_sent(at(2), 10)

    with pytest.raises(ConcurrencyError):
        sweeping.commit(Commit(now=MOMENT, saves=[replace(read, status=EventStatus.FAILED)]))

    assert stored(sweeping, event.key) is None

"""What has had its time goes, and nothing else."""

from datetime import timedelta

import pytest

from financial_api.application.chores import Upkeep
from infra_backends.persistence.base import PersistenceBackend
from outbox import retention
from outbox.entities import Event, EventStatus
from tests.support.builders import an_answer
from tests.support.relays import MovingClock, a_chain, current
from tests.support.storing import store, stored

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


def sent_before(time: MovingClock, age: timedelta, entity_id: str = "card-001") -> Event:
    sent_at = time.now() - age
    (event,) = a_chain(
        entity_id, 1, moment=sent_at - SECOND, status=EventStatus.SENT, sent_at=sent_at
    )
    return event


def test_an_event_that_was_sent_more_than_a_week_ago_goes(
    sweeping: PersistenceBackend, time: MovingClock
) -> None:
    event = sent_before(time, WEEK + SECOND)
    store(sweeping, event)

    assert retention.sweep() == (1, 0)
    assert current([event]) == []


def test_an_event_that_was_sent_within_the_week_stays(
    sweeping: PersistenceBackend, time: MovingClock
) -> None:
    event = sent_before(time, WEEK - SECOND)
    store(sweeping, event)

    assert retention.sweep() == (0, 0)
    assert len(current([event])) == 1


def test_an_old_event_that_was_sent_lately_stays(
    sweeping: PersistenceBackend, time: MovingClock
) -> None:
    (event,) = a_chain(
        "card-001",
        1,
        moment=time.now() - 5 * WEEK,
        status=EventStatus.SENT,
        sent_at=time.now() - SECOND,
    )
    store(sweeping, event)

    assert retention.sweep() == (0, 0)
    assert len(current([event])) == 1


@pytest.mark.parametrize(
    "status", [EventStatus.PENDING, EventStatus.FAILED, EventStatus.DEAD_LETTER]
)
def test_an_event_that_was_never_sent_stays_however_old_it_is(
    sweeping: PersistenceBackend, time: MovingClock, status: EventStatus
) -> None:
    (event,) = a_chain("card-001", 1, moment=time.now() - 52 * WEEK, status=status)
    store(sweeping, event)

    assert retention.sweep() == (0, 0)
    assert len(current([event])) == 1


def test_an_answer_goes_when_it_has_expired(
    sweeping: PersistenceBackend, time: MovingClock
) -> None:
    expired = an_answer("key-1", time.now() - WEEK, expires_at=time.now() - SECOND)
    live = an_answer("key-2", time.now(), expires_at=time.now() + SECOND)
    store(sweeping, expired, live)

    assert retention.sweep() == (0, 1)
    assert stored(sweeping, expired.key) is None
    assert stored(sweeping, live.key) is not None


def test_a_sweep_goes_on_until_nothing_is_left(
    sweeping: PersistenceBackend, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    store(sweeping, *(sent_before(time, 2 * WEEK, f"card-{number}") for number in range(10)))

    assert retention.sweep() == (10, 0)


def test_an_old_event_that_was_sent_lately_does_not_end_a_sweep(
    sweeping: PersistenceBackend, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    (redriven,) = a_chain(
        "card-x", 1, moment=time.now() - 5 * WEEK, status=EventStatus.SENT, sent_at=time.now()
    )
    store(
        sweeping,
        redriven,
        *(sent_before(time, 2 * WEEK, f"card-{number}") for number in range(10)),
    )

    assert retention.sweep() == (10, 0)
    assert len(current([redriven])) == 1


def test_one_sweep_is_bounded_and_the_next_goes_on(
    sweeping: PersistenceBackend, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 3)
    store(sweeping, *(sent_before(time, 2 * WEEK, f"card-{number}") for number in range(10)))

    assert [retention.sweep()[0] for _ in range(3)] == [6, 4, 0]


def test_a_process_sweeps_when_it_begins_and_then_every_hour(
    sweeping: PersistenceBackend, time: MovingClock
) -> None:
    upkeep = Upkeep()
    gone = []
    for number, pause in enumerate([0, 3599, 1]):
        time.sleep(pause)
        event = sent_before(time, 2 * WEEK, f"card-{number}")
        store(sweeping, event)
        upkeep.run_due()
        gone.append(current([event]) == [])

    assert gone == [True, False, True]

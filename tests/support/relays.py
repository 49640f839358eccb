"""Relays that take no real time, and what they are given to do."""

import time as real_time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import MOST_ITEMS, Commit, SequenceMove
from outbox.entities import EntitySequence, EntityType, Event, Lease, LeaseKey, shard_of
from outbox.relay import Relay
from tests.support.builders import MOMENT, SHARDS, an_event
from tests.support.storing import stored

LATER = MOMENT + timedelta(hours=1)
"""When the relays of these tests begin, with all that was built at `MOMENT` due."""

CARD = EntityType.CARD
IN_A_COMMIT = MOST_ITEMS - 1
NAMES = tuple(f"card-{number:03}" for number in range(400))


class MovingClock:
    """A clock that a pause moves on, and nothing else; `offset` is how wrong it is."""

    def __init__(self, start: datetime, offset: timedelta = timedelta()) -> None:
        self._start = start
        self.offset = offset
        self.passed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.passed) + self.offset

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


class HastyClock:
    """A clock that is several times as fast as the machine's, since an epoch of its own."""

    def __init__(self, speed: int) -> None:
        self._speed = speed

    def now(self) -> datetime:
        return MOMENT + self._speed * (datetime.now(UTC) - MOMENT)

    def monotonic(self) -> float:
        return self._speed * real_time.monotonic()

    def sleep(self, seconds: float) -> None:
        real_time.sleep(seconds / self._speed)


class PromptRelay(Relay):
    """A relay whose waits take no time but that of the installed clock."""

    def wait(self, seconds: float) -> bool:
        if super().wait(0):
            return True
        clock.sleep(seconds)
        return False


class Watched:
    """Stands for a backend and writes down the commits that took effect."""

    def __init__(self, backend: PersistenceBackend) -> None:
        self._backend = backend
        self.commits: list[Commit] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def commit(self, commit: Commit) -> None:
        self._backend.commit(commit)
        self.commits.append(commit)


def a_chain(entity_id: str, count: int, *, moment: datetime = MOMENT, **fields: Any) -> list[Event]:
    """Return a card's first events, a second apart, each of which names the one before it."""
    chain: list[Event] = []
    for number in range(1, count + 1):
        previous = chain[-1].event_id if chain else None
        event = an_event(
            number,
            moment + timedelta(seconds=number),
            entity=(CARD, entity_id),
            previous_event_id=previous,
        )
        chain.append(replace(event, **fields))
    return chain


def store_chains(entities: int, each: int) -> None:
    """Store so many events of so many cards, with their counters, as commands would."""
    for name in NAMES[:entities]:
        counter = EntitySequence(entity_type=CARD, entity_id=name)
        chain = iter(a_chain(name, each))
        while part := list(islice(chain, IN_A_COMMIT)):
            last = part[-1]
            moved = replace(counter, last_number=last.sequence_number, last_event_id=last.event_id)
            move = SequenceMove(counter, moved)
            persistence.commit(Commit(now=MOMENT, saves=part, sequences=[move]))
            counter = moved


def in_shard(shard: int, count: int) -> list[str]:
    """Return the ids of so many cards whose events are in one shard."""
    names = [name for name in NAMES if shard_of(CARD, name, SHARDS) == shard]
    assert len(names) >= count
    return names[:count]


def current(events: Iterable[Event]) -> list[Event]:
    """Return events as they are stored now, without those that are gone."""
    keys = [event.key for event in events]
    reading = persistence.read(keys)
    return [event for event in map(reading.get, keys) if event is not None]


def statuses(events: Iterable[Event]) -> list[str]:
    return [str(event.status) for event in current(events)]


def lease_of(shard: int) -> Lease:
    key = LeaseKey(shard)
    return stored(persistence, key) or Lease(shard=shard)


def take_lease(shard: int, holder: str, expires_at: datetime) -> None:
    """Store that a holder has a shard's lease, whoever had it before."""
    lease = replace(lease_of(shard), holder=holder, expires_at=expires_at)
    persistence.commit(Commit(now=clock.now(), saves=[lease]))


def one_each(shard: int, count: int) -> list[Event]:
    """Return the first events of so many cards of one shard."""
    return [a_chain(name, 1)[0] for name in in_shard(shard, count)]


def assert_in_order(published: Sequence[Event]) -> None:
    """Fail unless each entity's events went out by their numbers when they first did."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    for event in published:
        if event.event_id not in seen:
            seen.add(event.event_id)
            assert event.sequence_number > last.get(event.entity_id, 0), event.entity_id
            last[event.entity_id] = event.sequence_number

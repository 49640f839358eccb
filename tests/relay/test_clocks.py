"""Clocks that disagree cost a duplicate at the worst, never the order and never an event."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from financial_api.kernel import clock
from infra_backends import events as events_handle
from infra_backends import persistence
from infra_backends.events.base import Result
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event
from tests.support.relays import LATER, PromptRelay, a_chain, assert_in_order, in_shard, statuses
from tests.support.store import Store
from tests.support.storing import store as put
from tests.support.transport import Transport
from tests.support.turns import SteppedStore, Turns

ENTITIES = 6
EACH = 4
MOST_DRAINS = 150
MINUTE = timedelta(minutes=1)
IN_STEP = timedelta()


class UnreliableTransport(Transport):
    """Rejects some entries once, gives every relay a chance to come in between, seeded."""

    def __init__(self, seed: int, turns: Turns) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._turns = turns
        self._refused: set[str] = set()

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        self._turns.step()
        self.rejected = {
            event.event_id
            for event in events
            if event.event_id not in self._refused and self._random.random() < 0.2
        }
        self._refused |= self.rejected
        answer = super().publish(events)
        self._turns.step()
        return answer


def run_relays(
    backend: PersistenceBackend,
    store: Store,
    seed: int,
    offsets: Sequence[timedelta],
    waiting: Sequence[Event],
) -> Transport:
    """Let relays under such clocks drain until all is sent, step by step between each other."""
    turns = Turns(seed, LATER)
    transport = UnreliableTransport(seed, turns)

    def drain_all(name: str) -> Callable[[], None]:
        def run() -> None:
            relay = PromptRelay(name)
            try:
                for _ in range(MOST_DRAINS):
                    relay.drain()
                    if set(statuses(waiting)) == {"sent"}:
                        return
                    clock.sleep(2)
                raise AssertionError(f"not sent: {statuses(waiting)}")
            finally:
                store.leave_thread()

        return run

    players = [(offset, drain_all(f"relay {n}")) for n, offset in enumerate(offsets)]
    with (
        clock.installed(turns),
        persistence.use(SteppedStore(backend, turns)),  # type: ignore[arg-type]
        events_handle.use(transport),
    ):
        turns.play(players)
    return transport


@pytest.fixture
def waiting(backend: PersistenceBackend) -> list[Event]:
    names = [*in_shard(2, ENTITIES // 2), *in_shard(5, ENTITIES // 2)]
    chains = [a_chain(name, EACH) for name in names]
    events = [event for chain in chains for event in chain]
    put(backend, *events)
    return events


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "offsets",
    [
        pytest.param((IN_STEP, IN_STEP), id="in step"),
        pytest.param((IN_STEP, MINUTE), id="one ahead"),
        pytest.param((IN_STEP, -MINUTE), id="one behind"),
        pytest.param((MINUTE, IN_STEP, -MINUTE), id="three apart"),
    ],
)
def test_relays_side_by_side_keep_the_order_whatever_their_clocks_say(
    backend: PersistenceBackend,
    store: Store,
    waiting: list[Event],
    offsets: Sequence[timedelta],
    seed: int,
) -> None:
    transport = run_relays(backend, store, seed, offsets, waiting)

    assert_in_order(transport.published)
    assert set(transport.published_ids) == {event.event_id for event in waiting}
    assert set(statuses(waiting)) == {"sent"}


def test_relays_whose_clocks_agree_send_nothing_twice(
    backend: PersistenceBackend, store: Store, waiting: list[Event]
) -> None:
    transport = run_relays(backend, store, 7, (IN_STEP, IN_STEP, IN_STEP), waiting)

    assert len(transport.published) == len(waiting)


@pytest.mark.parametrize("seed", range(2))
def test_without_any_lease_there_are_duplicates_and_still_the_order(
    backend: PersistenceBackend,
    store: Store,
    waiting: list[Event],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """A lease spares duplicates; the order rests on consistent reads alone."""
    monkeypatch.setattr("outbox.leases._is_free", lambda lease, holder: True)

    transport = run_relays(backend, store, seed, (IN_STEP, IN_STEP, IN_STEP), waiting)

    assert_in_order(transport.published)
    assert set(transport.published_ids) == {event.event_id for event in waiting}

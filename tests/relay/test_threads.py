"""Relays in the threads of one process, one of which breaks off at any step, again and again."""

import logging
from collections.abc import Callable

import pytest

from financial_api.kernel import clock
from infra_backends import events, persistence
from infra_backends.persistence.base import PersistenceBackend
from outbox.relay import Relay
from tests.support.mortal import Death, Fate, MortalStore, MortalTransport
from tests.support.relays import HastyClock, assert_in_order, store_chains
from tests.support.threads import Together

SPEED = 20
"""A lease that the dead have left is free after 0.6 seconds."""
ENTITIES = 200
EACH = 10
LIVES = 6
MOST_STEPS = 120
MOST_DRAINS = 200
IN_FLIGHT = 10


@pytest.mark.parametrize("seed", [1])
def test_relays_that_break_off_lose_nothing_and_keep_the_order(
    backend: PersistenceBackend,
    together: Together,
    caplog: pytest.LogCaptureFixture,
    figures: Callable[..., None],
    seed: int,
) -> None:
    """Duplicates are at most what is in flight at each death, and what a slow thread repeats."""
    store_chains(ENTITIES, EACH)
    fate = Fate(seed, MOST_STEPS)
    transport = MortalTransport(fate)
    caplog.set_level(logging.INFO, "outbox.relay")

    def live() -> None:
        drain_until_empty(backend)

    def die_and_live() -> None:
        for _ in range(LIVES):
            fate.doom()
            with pytest.raises(Death):
                drain_for_ever()
        fate.spare()
        drain_until_empty(backend)

    with (
        clock.installed(HastyClock(SPEED)),
        persistence.use(MortalStore(backend, fate)),  # type: ignore[arg-type]
        events.use(transport),
    ):
        together.run([live, live, die_and_live])

    sent = transport.published
    refused = caplog.text.count("was moved by another")
    figures(duplicates=len(sent) - ENTITIES * EACH, refused_marks=refused)
    assert fate.deaths == LIVES
    assert len({event.event_id for event in sent}) == ENTITIES * EACH
    assert_in_order(sent)
    assert len(sent) - ENTITIES * EACH <= IN_FLIGHT * fate.deaths + refused


def drain_until_empty(backend: PersistenceBackend) -> None:
    relay = Relay()
    for _ in range(MOST_DRAINS):
        relay.drain()
        if backend.outbox.oldest_unsent() is None:
            return
        relay.wait(2 / SPEED)
    raise AssertionError("the outbox is not empty")


def drain_for_ever() -> None:
    """Drain until the thread dies; an empty outbox is looked at too."""
    relay = Relay()
    while True:
        relay.drain()
        persistence.read([])

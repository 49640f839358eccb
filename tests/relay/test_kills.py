"""Relays that are killed at any instant, over a transport that fails in every way it can.

What must hold: nothing is lost, each entity's events go out in order, no event is given up for
the transport's outage, and nothing goes out twice without a cause.

How many duplicates there may be: an event goes out twice only if it was published and then not
marked. A process has one batch between its publish and its mark, of ten events at the most, so a
kill leaves at most ten such events behind. A call whose answer is lost leaves those it delivered.
A relay that was so slow that its lease was taken over has its marks refused, and logs each; so
does the taker if it is the slower one. There is no other way, so

    duplicates <= 10 x kills + delivered by calls whose answer was lost + marks refused

A takeover after a kill adds nothing: it repeats what the kill has left, once. On a machine that
lets no process stand still for longer than a lease no mark is refused at all.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra_backends.persistence.base import PersistenceBackend
from tests.support.drainers import Drainers, Line, drainers, wait_until
from tests.support.soak import soaking

ENTITIES = 200
EACH = soaking(promised=10, in_ci=5)
EVENTS = ENTITIES * EACH
AT_ONCE = 3
IN_FLIGHT = 10
KILL_EVERY_SECONDS = 1.5
AWAY_SECONDS = soaking(promised=10.0, in_ci=5.0)
MOST_SECONDS = 90.0
REFUSED = "was moved by another"
MOST_REFUSED = EVENTS // 20


@pytest.fixture
def crew(
    backend: PersistenceBackend, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Drainers]:
    if not backend.shared_between_processes:
        pytest.skip("one process only: see test_threads.py")
    with drainers(request.getfixturevalue("private_environment"), tmp_path) as crew:
        yield crew


class Reaper:
    """Kills a drainer now and then."""

    def __init__(self, crew: Drainers) -> None:
        self._crew = crew
        self._killed_at = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._killed_at >= KILL_EVERY_SECONDS:
            self._crew.kill_one()
            self._killed_at = time.monotonic()


def test_killed_relays_lose_nothing_and_keep_the_order(
    crew: Drainers, figures: Callable[..., None]
) -> None:
    crew.seed(ENTITIES, EACH)
    reaper = Reaper(crew)
    for _ in range(AT_ONCE):
        crew.start()

    wait_until(lambda: len(crew.published) >= EVENTS // 4, MOST_SECONDS, reaper)
    crew.set_away(True)
    back_at = time.monotonic() + AWAY_SECONDS
    wait_until(lambda: time.monotonic() >= back_at, 2 * AWAY_SECONDS, reaper)
    assert len(crew.published) < EVENTS
    crew.set_away(False)
    wait_until(lambda: len(distinct(crew.published)) == EVENTS, MOST_SECONDS, reaper)
    report = crew.report(MOST_SECONDS)
    exit_statuses = crew.stop()

    published = crew.published
    duplicates = len(published) - EVENTS
    refused = crew.log.count(REFUSED)
    figures(
        kills=crew.kills,
        duplicates=duplicates,
        lost_answers=crew.lost,
        refused_marks=refused,
        retried=report["retried"],
    )
    assert report["statuses"] == {"sent": EVENTS}, report["unsent"]
    assert exit_statuses == [0] * AT_ONCE
    assert crew.kills >= AWAY_SECONDS / KILL_EVERY_SECONDS - 1
    assert_each_entity_in_order(published)
    assert duplicates <= IN_FLIGHT * crew.kills + crew.lost + refused
    assert refused <= MOST_REFUSED
    assert "Traceback" not in crew.log


def distinct(published: list[Line]) -> set[str]:
    return {line.event_id for line in published}


def assert_each_entity_in_order(published: list[Line]) -> None:
    """Fail unless every entity's events went out by their numbers when they first did."""
    numbers: dict[str, dict[int, None]] = {}
    for line in published:
        numbers.setdefault(line.entity_id, {})[line.number] = None
    assert len(numbers) == ENTITIES
    for entity_id, seen in numbers.items():
        assert list(seen) == list(range(1, EACH + 1)), entity_id
    assert sum(map(len, numbers.values())) == len(set(itertools.chain(distinct(published))))

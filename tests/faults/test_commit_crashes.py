"""A request broken off between any two steps: all of it was done or nothing, and a retry helps.

Broken off means that nothing more is done, not even what would tidy up: by an exception that
nothing in the product catches, and by the end of the connection to the store.
"""

import pytest

from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.aftermath import KEY, Point, check_every_point
from tests.faults.scenarios import SCENARIOS, TELLING, Cast, Scenario
from tests.support.breaking import Announcing, BreakingPoint, BrokenOff
from tests.support.statements import announced
from tests.support.stores import BACKENDS

SQL_BACKENDS = [entry for entry in BACKENDS if entry.name in {"sqlite", "postgresql"}]


def over(scenarios: list[Scenario]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scenario", scenarios, ids=lambda scenario: scenario.name)


@over(SCENARIOS)
def test_a_request_broken_off_between_any_two_calls_of_the_store_is_done_or_is_not(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    def break_off(cast: Cast, number: int) -> Point | None:
        point = BreakingPoint(number)
        with persistence.use(Announcing(backend, point)):
            try:
                scenario.send(cast, KEY)
            except BrokenOff:
                backend.close()
        return Point(point.broke_at) if point.broke_at else None

    assert check_every_point(backend, scenario, break_off) == {True, False}


@over(TELLING)
@pytest.mark.parametrize(
    "entry", SQL_BACKENDS, indirect=True, ids=lambda entry: entry.name, scope="session"
)
def test_a_request_broken_off_between_any_two_statements_is_done_or_is_not(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    def break_off(cast: Cast, number: int) -> Point | None:
        point = BreakingPoint(number)
        with announced(point):
            try:
                scenario.send(cast, KEY)
            except BrokenOff:
                backend.close()
        return Point(point.broke_at) if point.broke_at else None

    assert check_every_point(backend, scenario, break_off) == {False}

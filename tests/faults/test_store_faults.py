"""A store that fails to answer, or has moved, at one of its calls after another.

Whoever asked is told the truth within the request's time, and asks again with success.
"""

import itertools
import math
from collections.abc import Iterator

import pytest

from financial_api.kernel import clock, deadline
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.aftermath import KEY, Point, check_points, is_answer, unbroken
from tests.faults.readings import READINGS, somebody_with_everything
from tests.faults.scenarios import FAULTY, SCENARIOS, Cast, Scenario
from tests.faults.store_faults import CONFLICT, UNANSWERED, UNREACHED, StoreFault, failing
from tests.support.api import error_of, expect
from tests.support.breaking import Outage
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import forget
from tests.support.invariants import check_everything
from tests.support.soak import soaking

FEWEST_CALLS = 2


@pytest.fixture(autouse=True)
def _time() -> Iterator[None]:
    """Time that only pauses take."""
    with clock.installed(ElapsingClock(MOMENT)):
        yield


over = pytest.mark.parametrize(
    "scenario", soaking(SCENARIOS, FAULTY), ids=lambda scenario: scenario.name
)


def fail_at_each_call(
    backend: PersistenceBackend, scenario: Scenario, fault: StoreFault, length: float = 1
) -> list[tuple[Point, bool]]:
    """Return what a client was told, and whether it was done, for each call of the store."""

    def fail(cast: Cast, number: int) -> Point | None:
        outage = Outage(number, length)
        started_at = clock.monotonic()
        with failing(backend, fault, outage):
            told = scenario.send(cast, KEY)
        assert clock.monotonic() - started_at <= deadline.REQUEST_SECONDS
        return Point(outage.befell[0], told) if outage.befell else None

    before, after = unbroken(backend, scenario)
    points = check_points(backend, scenario, "", fail, before, after)
    check_everything(backend)
    return points


@over
@pytest.mark.parametrize("fault", [UNREACHED, UNANSWERED], ids=lambda fault: fault.name)
def test_a_store_that_does_not_answer_once_is_told_as_that_and_a_retry_helps(
    backend: PersistenceBackend, scenario: Scenario, fault: StoreFault
) -> None:
    points = fail_at_each_call(backend, scenario, fault)

    assert len(points) >= FEWEST_CALLS
    assert {point.told.status_code for point, _ in points if point.told} == {503}
    assert {point.step for point, done in points if done} == (
        {"after commit"} if fault is UNANSWERED else set()
    )


@over
def test_what_has_moved_once_is_read_and_decided_anew(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    points = fail_at_each_call(backend, scenario, CONFLICT)

    assert points
    assert all(point.told and is_answer(scenario, point.told) and done for point, done in points)


@over
def test_what_never_stops_moving_is_given_up_in_time_with_nothing_done(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    points = fail_at_each_call(backend, scenario, CONFLICT, math.inf)

    assert points
    for point, done in points:
        assert point.told
        error_of(point.told, 409, "VERSION_CONFLICT")
        assert not done


def test_a_request_that_changes_nothing_is_refused_and_then_answered_as_ever(
    backend: PersistenceBackend,
) -> None:
    cast = somebody_with_everything()
    for reading in READINGS:
        usual = expect(reading.ask(cast), 200)
        for number in itertools.count():
            forget()
            outage = Outage(number)
            with failing(backend, UNREACHED, outage):
                told = reading.ask(cast)
            if not outage.befell:
                break
            error_of(told, 503, "SERVICE_UNAVAILABLE")
            assert int(told.headers["Retry-After"]) >= 1
            assert expect(reading.ask(cast), 200) == usual, reading.name
        assert number >= FEWEST_CALLS, reading.name

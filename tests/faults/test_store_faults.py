"""A store that fails to answer, or has moved, at one of its calls after another.

Whoever asked is told the truth within the request's time, and asks again with success.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator

import pytest

from financial_api.application import cleanup
from financial_api.kernel import clock
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.aftermath import (
    BreakOff,
    check_done,
    check_points,
    check_unnoticed,
    sent_in_time,
    unbroken,
)
from tests.faults.cleaning import (
    check_nothing_left,
    clean_up,
    cleanups_done,
    some_people,
    token_for,
)
from tests.faults.readings import READINGS, somebody_with_everything
from tests.faults.scenarios import FAULTY, SCENARIOS, Scenario
from tests.faults.store_faults import CONFLICT, UNANSWERED, UNREACHED, StoreFault, failing
from tests.support.api import Admin, error_of, expect
from tests.support.breaking import Outage
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import URL, forget, in_process
from tests.support.invariants import check_everything
from tests.support.soak import soaking
from tests.support.stores import BACKENDS, BackendUnderTest

FEWEST_CALLS = 2


@pytest.fixture(autouse=True)
def time() -> Iterator[ElapsingClock]:
    """Time that only pauses take."""
    with clock.installed(ElapsingClock(MOMENT)) as time:
        yield time


def scenarios_of(entry: BackendUnderTest) -> list[Scenario]:
    """Return what to run over a backend: what calls it is the same for all."""
    in_ci = [one for one in FAULTY if entry.name == "memory" or one.name == "payment"]
    return soaking(SCENARIOS, in_ci)


over = pytest.mark.parametrize(
    ("entry", "scenario"),
    [(entry, scenario) for entry in BACKENDS for scenario in scenarios_of(entry)],
    indirect=["entry"],
    ids=lambda given: given.name,
    scope="session",
)


over_some = pytest.mark.parametrize(
    "entry",
    soaking(BACKENDS, [entry for entry in BACKENDS if entry.name == "memory"]),
    indirect=True,
    ids=lambda entry: entry.name,
    scope="session",
)


def failing_at(
    backend: PersistenceBackend, scenario: Scenario, fault: StoreFault, length: float = 1
) -> BreakOff:
    """Return what sends a scenario's request, with the fault from its n-th call of the store on."""
    return sent_in_time(scenario, lambda outage: failing(backend, fault, outage), length)


@over
@pytest.mark.parametrize("fault", [UNREACHED, UNANSWERED], ids=lambda fault: fault.name)
def test_a_store_that_does_not_answer_once_is_told_as_that_and_a_retry_helps(
    backend: PersistenceBackend, scenario: Scenario, fault: StoreFault
) -> None:
    before, after = unbroken(backend, scenario)

    points = check_points(
        backend, scenario, "", failing_at(backend, scenario, fault), before, after
    )

    check_everything(backend)
    assert len(points) >= FEWEST_CALLS
    assert {point.told.status_code for point, _ in points if point.told} == {503}
    assert {point.step for point, done in points if done} == (
        {"after commit"} if fault is UNANSWERED else set()
    )


@over
def test_what_has_moved_once_is_read_and_decided_anew(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    _, after = unbroken(backend, scenario)
    casts = check_unnoticed(scenario, "", failing_at(backend, scenario, CONFLICT))
    check_done(backend, casts, after)


@over
def test_what_never_stops_moving_is_given_up_in_time_with_nothing_done(
    backend: PersistenceBackend, scenario: Scenario
) -> None:
    before, after = unbroken(backend, scenario)
    fail = failing_at(backend, scenario, CONFLICT, math.inf)

    points = check_points(backend, scenario, "", fail, before, after)

    assert points
    for point, done in points:
        assert point.told is not None
        error_of(point.told, 409, "VERSION_CONFLICT")
        assert not done


@over_some
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


@over_some
@pytest.mark.parametrize("fault", [UNREACHED, UNANSWERED, CONFLICT], ids=lambda fault: fault.name)
def test_a_cleanup_whose_store_fails_once_is_finished_by_it_or_by_the_next(
    backend: PersistenceBackend,
    fault: StoreFault,
    time: ElapsingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 3)
    admin = in_process(Admin(URL, "admin-001"))
    told: Counter[int] = Counter()
    for number in itertools.count():
        done_before = cleanups_done(backend, admin)
        people = some_people(backend, f"user-{number}")
        token = token_for(admin)
        outage = Outage(number)
        with failing(backend, fault, outage):
            response = clean_up(admin, token)
        if not outage.befell:
            break
        told[response.status_code] += 1
        forget()
        if cleanups_done(backend, admin) == done_before:
            assert response.status_code in {409, 503}, response.text
            time.move(seconds=cleanup.TAKEOVER_AFTER.total_seconds())
            expect(clean_up(admin, token_for(admin)), 200)
        assert cleanups_done(backend, admin) == done_before + 1
        check_nothing_left(backend, people)

    assert set(told) == ({200, 409} if fault is CONFLICT else {503})

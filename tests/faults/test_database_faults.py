"""A database that fails at one statement after another, and at COMMIT, in each of its ways.

That another transaction was there first is met by deciding anew, and nobody notices. All else is a
503, and the next request finds a connection that works; but a commit whose answer was lost is
looked up, and told as done if it was.
"""

import itertools
import math
from collections.abc import Iterator

import pytest

from financial_api.application.events import describe_counts
from financial_api.kernel import clock
from financial_api.kernel.cleanup import DeletedCounts
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.aftermath import (
    BreakOff,
    check_done,
    check_points,
    check_unnoticed,
    sent_in_time,
    unbroken,
)
from tests.faults.cleaning import left, some_people
from tests.faults.database_faults import (
    ANSWER_LOST,
    COMMIT_STEP,
    CONFLICTS,
    DISK_ERROR_AT_THE_END,
    OTHERS,
    DatabaseFault,
    Steps,
    anywhere,
    failing,
    reading,
    writing,
)
from tests.faults.readings import READINGS, somebody_with_everything
from tests.faults.scenarios import FAULTY, SCENARIOS, Scenario
from tests.support.api import error_of, expect
from tests.support.breaking import Outage
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import forget
from tests.support.invariants import check_everything
from tests.support.soak import soaking
from tests.support.stores import BACKENDS

AT_THE_END = (ANSWER_LOST, DISK_ERROR_AT_THE_END)
FEWEST_STATEMENTS = 3
MOST_PURGES = 200

PAYMENT = [one for one in FAULTY if one.name == "payment"]
FOR_ALL = soaking(SCENARIOS, FAULTY)
FOR_ONE = soaking(SCENARIOS, PAYMENT)


@pytest.fixture(autouse=True)
def _time() -> Iterator[None]:
    """Time that only pauses take."""
    with clock.installed(ElapsingClock(MOMENT)):
        yield


def over(
    faults: dict[str, list[DatabaseFault]], in_ci: int, scenarios: list[Scenario] | None = None
) -> pytest.MarkDecorator:
    """Run over the databases with the faults of each, and over scenarios if any are given."""
    given = [
        (entry, fault)
        for entry in BACKENDS
        for fault in faults.get(entry.name, [])[: soaking(None, in_ci)]
    ]
    if scenarios is None:
        return pytest.mark.parametrize(
            ("entry", "fault"),
            given,
            indirect=["entry"],
            ids=lambda one: one.name.replace(" ", "-"),
            scope="session",
        )
    return pytest.mark.parametrize(
        ("entry", "fault", "scenario"),
        [(*one, scenario) for one in given for scenario in scenarios],
        indirect=["entry"],
        ids=lambda one: one.name.replace(" ", "-"),
        scope="session",
    )


def failing_at(
    scenario: Scenario, fault: DatabaseFault, among: Steps, length: float = 1
) -> BreakOff:
    """Return what sends a scenario's request, with the fault from its n-th statement on."""
    return sent_in_time(scenario, lambda outage: failing(fault, outage, among), length)


@over(CONFLICTS, 1, FOR_ALL)
def test_that_another_was_first_is_met_by_deciding_anew(
    backend: PersistenceBackend, fault: DatabaseFault, scenario: Scenario
) -> None:
    _, after = unbroken(backend, scenario)
    casts = check_unnoticed(scenario, "", failing_at(scenario, fault, writing))
    assert len(casts) >= FEWEST_STATEMENTS
    check_done(backend, casts, after)


@over(CONFLICTS, 1, FOR_ONE)
def test_that_others_are_always_first_is_told_in_time_with_nothing_done(
    backend: PersistenceBackend, fault: DatabaseFault, scenario: Scenario
) -> None:
    before, after = unbroken(backend, scenario)
    fail = failing_at(scenario, fault, writing, math.inf)

    points = check_points(backend, scenario, "", fail, before, after)

    for point, done in points:
        assert point.told is not None
        error_of(point.told, 409, "VERSION_CONFLICT")
        assert not done


@over(OTHERS, 2, FOR_ONE)
def test_a_statement_that_fails_is_told_as_that_and_a_retry_helps(
    backend: PersistenceBackend, fault: DatabaseFault, scenario: Scenario
) -> None:
    before, after = unbroken(backend, scenario)
    fail = failing_at(scenario, fault, anywhere)

    points = check_points(backend, scenario, "", fail, before, after)

    check_everything(backend)
    told = {point.step: point.told.status_code for point, _ in points if point.told}
    done = {point.step for point, done in points if done}
    assert done == ({COMMIT_STEP} if fault in AT_THE_END else set())
    assert {step for step, status in told.items() if status != 503} == done


@over(OTHERS, 1)
def test_a_query_that_fails_is_told_as_that_and_answered_when_it_is_made_again(
    backend: PersistenceBackend, fault: DatabaseFault
) -> None:
    cast = somebody_with_everything()
    for one in READINGS:
        usual = expect(one.ask(cast), 200)
        for number in itertools.count():
            forget()
            outage = Outage(number)
            with failing(fault, outage, reading):
                told = one.ask(cast)
            if not outage.befell:
                break
            error_of(told, 503, "SERVICE_UNAVAILABLE")
            assert expect(one.ask(cast), 200) == usual, one.name
        assert number > 1, one.name


@over({name: [CONFLICTS[name][0], *OTHERS[name]] for name in CONFLICTS}, 3)
def test_batches_whose_every_statement_fails_once_are_deleted_in_the_end(
    backend: PersistenceBackend, fault: DatabaseFault
) -> None:
    people = some_people(backend, "user")
    expected = left(backend, people)
    deleted = DeletedCounts()
    outage = OnceEach()
    with failing(fault, outage, anywhere):
        for _ in range(MOST_PURGES):
            try:
                counts = backend.purge(3)
            except BackendUnavailable:
                continue
            deleted += counts
            if not counts:
                break

    assert COMMIT_STEP in outage.befell
    assert not any(left(backend, people).values())
    if fault not in AT_THE_END:
        assert describe_counts(deleted) == expected


class OnceEach(Outage):
    """Each statement fails when it first comes."""

    def __init__(self) -> None:
        super().__init__(0)

    def befalls(self, call: str) -> bool:
        if call in self.befell:
            return False
        self.befell.append(call)
        return True

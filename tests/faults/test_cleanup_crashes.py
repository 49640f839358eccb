"""A cleanup broken off between any two steps, taken over by another, or started twice at once."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from financial_api.application import cleanup
from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.cleaning import (
    People,
    check_deleted,
    check_nothing_left,
    clean_up,
    cleanups_done,
    is_running,
    left,
    some_people,
    token_for,
)
from tests.support.api import Admin, error_of, expect
from tests.support.breaking import Announcing, BreakingPoint, BrokenOff, Happening
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import URL, forget, in_process
from tests.support.invariants import check_everything
from tests.support.soak import soaking

A_BATCH = 3
SECONDS_OF_A_CALL = 2
TAKEOVER = cleanup.TAKEOVER_AFTER.total_seconds()
FEWEST_STEPS = 40
EVERY = soaking(promised=1, in_ci=5)
"""At which of the steps of its batches, which are many and alike, a second cleanup comes in."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", A_BATCH)


@pytest.fixture
def time() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as installed:
        yield installed


@pytest.fixture
def admin(backend: PersistenceBackend, time: ElapsingClock) -> Admin:
    return in_process(Admin(URL, "admin-001"))


@pytest.fixture
def other_admin(backend: PersistenceBackend, time: ElapsingClock) -> Admin:
    return in_process(Admin(URL, "admin-002"))


def slow(time: ElapsingClock, listen: Callable[[str], None]) -> Callable[[str], None]:
    """Have each call of the store take its time, so that heartbeats are due now and then."""

    def announce(step: str) -> None:
        time.move(seconds=SECONDS_OF_A_CALL / 2)
        listen(step)

    return announce


def thinned_out(listen: Callable[[str], None]) -> Callable[[str], None]:
    """Leave out most of the steps of the batches that are deleted, and no other."""
    of_batches = itertools.count()

    def announce(step: str) -> None:
        if not step.endswith(" purge") or next(of_batches) % EVERY == 0:
            listen(step)

    return announce


def test_a_cleanup_broken_off_between_any_two_steps_is_finished_by_the_next(
    backend: PersistenceBackend, time: ElapsingClock, admin: Admin
) -> None:
    outcomes = []
    for number in itertools.count():
        done_before = cleanups_done(backend, admin)
        people = some_people(backend, f"user-{number}")
        token = token_for(admin)
        point = BreakingPoint(number)
        with persistence.use(Announcing(backend, slow(time, point))):
            try:
                clean_up(admin, token)
            except BrokenOff:
                backend.close()
        if point.broke_at is None:
            break
        forget()
        if is_running(backend):
            outcomes.append("broken off")
            check_refused_until_taken_over(backend, time, admin, people)
        elif cleanups_done(backend, admin) == done_before:
            outcomes.append("not begun")
            check_everything(backend, people.names)
            expect(people.customers[0].buy(people.card_ids[0], 1), 201)
            time.move(seconds=1)
            expect(clean_up(admin, token_for(admin)), 200)
        else:
            outcomes.append("done")
        assert cleanups_done(backend, admin) == done_before + 1
        check_nothing_left(backend, people)

    assert outcomes == sorted(outcomes, key=["not begun", "broken off", "done"].index)
    assert set(outcomes) == {"not begun", "broken off", "done"}
    assert len(outcomes) >= FEWEST_STEPS


def check_refused_until_taken_over(
    backend: PersistenceBackend, time: ElapsingClock, admin: Admin, people: People
) -> None:
    """Users cannot write until a cleanup is done, and none begins before the heartbeat is old."""
    check_writes_refused(people)
    error_of(clean_up(admin, token_for(admin)), 409, "CLEANUP_IN_PROGRESS")
    time.move(seconds=TAKEOVER)
    check_writes_refused(people)
    expected = left(backend, people)
    users_first = {"cards": 2, "transactions": 2, "cardRequests": 2}
    assert not expected["users"] or expected.items() >= users_first.items()
    assert expect(clean_up(admin, token_for(admin)), 200)["deletedCounts"] == expected
    error_of(people.customers[0].buy(people.card_ids[0], 1), 404, "NOT_FOUND")


def check_writes_refused(people: People) -> None:
    customer = people.customers[0]
    refusal = customer.buy(people.card_ids[0], 1)
    error_of(refusal, 503, "SERVICE_UNAVAILABLE")
    assert int(refusal.headers["Retry-After"]) > 0
    error_of(customer.post("/v1/users", {}, key=""), 503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("patience", [0, TAKEOVER], ids=["at once", "after the takeover time"])
def test_of_two_cleanups_the_one_that_may_not_finish_stops(
    backend: PersistenceBackend,
    time: ElapsingClock,
    admin: Admin,
    other_admin: Admin,
    patience: float,
) -> None:
    answers: list[tuple[int, int]] = []
    for number in itertools.count():
        done_before = cleanups_done(backend, admin, other_admin)
        people = some_people(backend, f"user-{number}")
        token = token_for(admin)
        second: list[int] = []

        def begin_another(second: list[int] = second) -> None:
            time.move(seconds=1 + patience)
            forget()
            second.append(clean_up(other_admin, token_for(other_admin)).status_code)

        happening = Happening(number, begin_another)
        with persistence.use(Announcing(backend, slow(time, thinned_out(happening)))):
            first = clean_up(admin, token).status_code
        if happening.happened_at is None:
            break
        forget()
        answers.append((first, *second))
        done = cleanups_done(backend, admin, other_admin) - done_before
        assert done == [first, *second].count(200), answers
        check_deleted(backend, people)

    during = (409, 200) if patience else (200, 409)
    expected = [(400, 200), during, (200, 200)]
    assert answers == sorted(answers, key=expected.index)
    assert set(answers) == set(expected)
    assert len(answers) >= (FEWEST_STEPS if EVERY == 1 else FEWEST_STEPS // 2)


def test_a_cleanup_that_was_overtaken_deletes_nothing_of_what_came_after(
    backend: PersistenceBackend, time: ElapsingClock, admin: Admin, other_admin: Admin
) -> None:
    """A run that stalls between two batches for longer than a heartbeat lives."""
    some_people(backend, "user")
    token = token_for(admin)
    newcomers: list[People] = []

    def take_over() -> None:
        time.move(seconds=TAKEOVER + 1)
        expect(clean_up(other_admin, token_for(other_admin)), 200)
        newcomers.append(some_people(backend, "newcomer"))

    happening = Happening(1, take_over)
    announce = lambda step: happening(step) if step == "before purge" else None  # noqa: E731
    with persistence.use(Announcing(backend, announce)):
        error_of(clean_up(admin, token), 409, "CLEANUP_IN_PROGRESS")

    assert set(check_everything(backend).users) == set(newcomers[0].names)

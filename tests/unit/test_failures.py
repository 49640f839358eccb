"""The table of failures, and the page that shows it."""

import re

import pytest

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendFailure, BackendUnavailable, ConcurrencyError
from infra_backends.failures import HANDLING, Again, Failure
from infra_backends.retries import MOST_TRIES, SPARE_SECONDS, retried
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock, EndlessClock
from tests.support.emulators import ROOT

WORDS = {
    Again.NO: "no",
    Again.AS_IT_IS: "as it is",
    Again.THE_REST: "the rest",
    Again.ANEW: "anew",
}
ROW = re.compile(r"^\| (\w+)[^|]*\| [^|]+ \| ([^|]+) \| (\d{3})", re.MULTILINE)


def test_the_page_has_each_failure_with_what_is_done() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = {name: (again, int(status)) for name, again, status in ROW.findall(page)}

    assert rows.keys() >= {failure.name.lower() for failure in Failure}
    for failure, handling in HANDLING.items():
        again, status = rows[failure.name.lower()]
        assert again.startswith(WORDS[handling.again]), failure
        assert status == handling.told.status, failure


class Failing:
    """Fails in these ways, one after the other, and then for ever in the last."""

    def __init__(self, *failures: Failure) -> None:
        self._failures = list(failures)
        self.tries = 0

    def __call__(self) -> None:
        self.tries += 1
        failure = self._failures.pop(0) if len(self._failures) > 1 else self._failures[0]
        kind = ConcurrencyError if failure is Failure.MOVED else BackendUnavailable
        raise kind(f"the {self.tries}th", failure)


@pytest.mark.parametrize(
    "again", [Again.AS_IT_IS, Again.THE_REST, Again.ANEW], ids=lambda again: again.name
)
@pytest.mark.parametrize("failure", Failure)
def test_it_is_tried_again_where_the_table_says_so(failure: Failure, again: Again) -> None:
    attempt = Failing(failure)
    with clock.installed(EndlessClock()), pytest.raises(BackendFailure):
        retried(attempt, again)
    assert attempt.tries == (MOST_TRIES if HANDLING[failure].again is again else 1)


def test_there_is_no_pause_after_the_last_try() -> None:
    with clock.installed(CountingClock()) as counting, pytest.raises(BackendFailure):
        retried(Failing(Failure.THROTTLED))
    assert isinstance(counting, CountingClock)
    assert counting.pauses == MOST_TRIES - 1


class CountingClock(EndlessClock):
    def __init__(self) -> None:
        super().__init__()
        self.pauses = 0

    def sleep(self, seconds: float) -> None:
        self.pauses += 1


def test_it_leaves_time_for_a_last_look() -> None:
    with clock.installed(ElapsingClock(MOMENT)), deadline.within(4):
        with pytest.raises(BackendFailure):
            retried(Failing(Failure.UNKNOWN))
        assert deadline.remaining() >= SPARE_SECONDS


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        ((Failure.THROTTLED, Failure.AWAY, Failure.REFUSED), Failure.REFUSED),
        ((Failure.AWAY, Failure.UNASKED), Failure.AWAY),
        ((Failure.UNKNOWN, Failure.THROTTLED), Failure.UNKNOWN),
        ((Failure.UNKNOWN, Failure.REFUSED), Failure.UNKNOWN),
        ((Failure.UNKNOWN, Failure.UNASKED), Failure.UNKNOWN),
        ((Failure.UNKNOWN, Failure.CONFLICT), Failure.UNKNOWN),
        ((Failure.UNKNOWN, Failure.MOVED), Failure.MOVED),
    ],
)
def test_what_was_unknown_stays_so_unless_a_condition_failed(
    failures: tuple[Failure, ...], told: Failure
) -> None:
    with clock.installed(EndlessClock()), pytest.raises(BackendFailure) as raised:
        retried(Failing(*failures))
    assert raised.value.failure is told

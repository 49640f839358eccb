"""DynamoDB that fails at one call after another, in each of its ways.

What fails once or twice is made again, under the same token where it writes, and nobody notices.
What goes on failing is a 503, or a 409 where others keep changing the same things, within the
request's time; and whatever was answered in DynamoDB's place, nobody is told of a success.
"""

import contextlib
import itertools
import math
from collections import Counter
from collections.abc import Iterator

import pytest

from financial_api.application.events import describe_counts
from financial_api.kernel import clock
from financial_api.kernel.cleanup import DeletedCounts
from infra_backends import events
from infra_backends.aws.breaker import OPEN_SECONDS
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox.leases import LEASE_FOR, SKEW
from tests.faults.aftermath import (
    KEY,
    BreakOff,
    Point,
    check_done,
    check_points,
    check_unnoticed,
    unbroken,
)
from tests.faults.cleaning import left, some_people
from tests.faults.readings import READINGS, somebody_with_everything
from tests.faults.scenarios import FAULTY, SCENARIOS, Cast, Scenario
from tests.faults.wire import (
    CONFLICT,
    CUT_SHORT,
    EMPTIED,
    EMPTY,
    IN_PROGRESS,
    ITEM_THROTTLED,
    LATE,
    MOVED,
    OF_KEYS,
    OF_SEVERAL_KINDS,
    OF_SOMETHING_BETWEEN,
    OF_TRANSACTIONS,
    PAGE,
    REFUSALS,
    THROTTLED,
    UNCONNECTED,
    UNEXPLAINED,
    WITH_EFFECT,
    WITHOUT_EFFECT,
    WireFault,
    failing,
)
from tests.support.api import expect
from tests.support.breaking import Outage
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock
from tests.support.in_process import forget
from tests.support.relays import NAMES, PromptRelay, a_chain, statuses
from tests.support.round_trips import counted
from tests.support.soak import soaking
from tests.support.stores import BACKENDS
from tests.support.storing import store
from tests.support.transport import Transport

LONGEST_ANSWER_SECONDS = 5.0
OF_ANY_CALL = [*WITHOUT_EFFECT, *WITH_EFFECT]
EVERYTHING = [*OF_ANY_CALL, *OF_KEYS, *OF_TRANSACTIONS, MOVED]

ALL_WAYS = soaking(SCENARIOS, [one for one in FAULTY if one.name == "payment"])
"""What is tried with every fault; the others are with those that a command may notice."""
NOTICEABLE = [LATE, *OF_KEYS, MOVED]
LASTING = [UNCONNECTED, LATE]

pytestmark = [
    pytest.mark.usefixtures("remembering"),
    pytest.mark.parametrize(
        "entry",
        [entry for entry in BACKENDS if entry.name == "dynamodb"],
        indirect=True,
        ids=lambda entry: entry.name,
        scope="session",
    ),
]


def over(scenarios: list[Scenario]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scenario", scenarios, ids=lambda scenario: scenario.name)


@pytest.fixture(autouse=True)
def time() -> Iterator[ElapsingClock]:
    """Time that only pauses take, and waiting for AWS in vain."""
    with clock.installed(ElapsingClock(MOMENT)) as time:
        yield time


class Trial:
    """A scenario that is run over and over, with a fault at one of its calls after another."""

    def __init__(
        self, backend: PersistenceBackend, scenario: Scenario, time: ElapsingClock
    ) -> None:
        self._backend = backend
        self._scenario = scenario
        self._time = time
        self._before, self._after = unbroken(backend, scenario)
        cast = scenario.cast("counted")
        forget()
        with counted() as self._operations:
            scenario.send(cast, KEY)

    def fail_at_each_call_unnoticed(self, faults: list[WireFault], times: int = 1) -> None:
        """Fail if a client notices any of the faults, or if anything is not done just once."""
        casts: list[Cast] = []
        for fault in faults:
            fail, steps = self._failing(fault, times)
            casts += check_unnoticed(self._scenario, _name_of(fault), fail, steps)
        check_done(self._backend, casts, self._after)

    def fail_at_each_call(self, fault: WireFault, length: float) -> list[tuple[Point, bool]]:
        """Return what a client was told, and whether it was done, for each call of AWS."""
        fail, steps = self._failing(fault, length)
        return check_points(
            self._backend, self._scenario, _name_of(fault), fail, self._before, self._after, steps
        )

    def _failing(self, fault: WireFault, length: float) -> tuple[BreakOff, range]:
        def fail(cast: Cast, at: int) -> Point:
            outage = Outage(at, length)
            started_at = clock.monotonic()
            with failing(fault, outage):
                told = self._scenario.send(cast, KEY)
            assert clock.monotonic() - started_at <= LONGEST_ANSWER_SECONDS, fault.name
            self._time.move(seconds=OPEN_SECONDS)
            return Point(f"{fault.name}: {outage.befell[0]}", told)

        return fail, range(sum(map(fault.befalls, self._operations)))


def _name_of(fault: WireFault) -> str:
    return f"{fault.name.replace(' ', '-')}-"


@pytest.fixture
def trial(backend: PersistenceBackend, scenario: Scenario, time: ElapsingClock) -> Trial:
    return Trial(backend, scenario, time)


@over(soaking(SCENARIOS, FAULTY))
def test_a_call_that_fails_once_is_made_again_and_nobody_notices(
    trial: Trial, scenario: Scenario
) -> None:
    trial.fail_at_each_call_unnoticed(EVERYTHING if scenario in ALL_WAYS else NOTICEABLE)


@over(ALL_WAYS)
def test_a_call_that_fails_twice_is_made_a_third_time_and_nobody_notices(trial: Trial) -> None:
    trial.fail_at_each_call_unnoticed(soaking(OF_ANY_CALL, [THROTTLED, LATE]), times=2)


@over(ALL_WAYS)
@pytest.mark.parametrize(
    ("status", "faults"),
    [
        (503, [*soaking(OF_ANY_CALL, LASTING), *OF_KEYS, ITEM_THROTTLED, UNEXPLAINED]),
        (409, [CONFLICT, MOVED, OF_SEVERAL_KINDS]),
    ],
    ids=["away", "moved"],
)
def test_what_goes_on_failing_is_given_up_in_time(
    trial: Trial, status: int, faults: list[WireFault]
) -> None:
    for fault in faults:
        points = trial.fail_at_each_call(fault, math.inf)
        for point, _ in points:
            assert point.told is not None
            assert point.told.status_code == status, (point, point.told.text)
        assert points[-1][1] == (fault in WITH_EFFECT), fault.name


@over(soaking(SCENARIOS, FAULTY))
def test_an_answer_that_is_none_is_no_success_at_whatever_call(trial: Trial) -> None:
    """Once it goes unnoticed; here it goes on, and everyone is told to come again."""
    for fault in soaking([*OF_SOMETHING_BETWEEN, *WITH_EFFECT], [EMPTY, PAGE, EMPTIED]):
        for point, _ in trial.fail_at_each_call(fault, math.inf):
            assert point.told is not None
            assert point.told.status_code == 503, (point, point.told.text)


@over(ALL_WAYS)
def test_what_is_refused_is_told_at_once_and_is_never_a_500(trial: Trial) -> None:
    for fault in REFUSALS:
        for point, was_done in trial.fail_at_each_call(fault, 1):
            assert point.told is not None
            assert point.told.status_code == 503, (point, point.told.text)
            assert not was_done


@over([one for one in FAULTY if one.refusal or not one.takes_key])
def test_what_is_for_ever_said_to_be_in_progress_is_unknown_where_no_answer_is_kept(
    trial: Trial,
) -> None:
    for point, was_done in trial.fail_at_each_call(IN_PROGRESS, math.inf):
        assert point.told is not None
        assert point.told.status_code == 503, (point, point.told.text)
        assert was_done


@over([one for one in ALL_WAYS if one.takes_key and one.refusal is None])
def test_what_was_done_and_is_for_ever_said_to_be_in_progress_is_replayed(trial: Trial) -> None:
    """By the answer that is stored under the key, which neither refusals nor registrations have."""
    for point, was_done in trial.fail_at_each_call(IN_PROGRESS, math.inf):
        assert point.told is not None
        assert point.told.status_code == 200, (point, point.told.text)
        assert was_done


def test_a_query_that_fails_once_is_made_again_and_its_answer_is_the_same(
    backend: PersistenceBackend,
) -> None:
    cast = somebody_with_everything()
    for reading in READINGS:
        usual = expect(reading.ask(cast), 200)
        for fault in soaking(OF_ANY_CALL, [CUT_SHORT]):
            for number in itertools.count():
                forget()
                outage = Outage(number)
                with failing(fault, outage):
                    told = reading.ask(cast)
                if not outage.befell:
                    break
                assert expect(told, 200) == usual, (reading.name, fault.name)
            assert number > 1, (reading.name, fault.name)


def test_a_query_that_is_refused_is_told_as_that(backend: PersistenceBackend) -> None:
    cast = somebody_with_everything()
    for fault in REFUSALS:
        for reading in READINGS:
            forget()
            outage = Outage(0, math.inf)
            with failing(fault, outage):
                told = reading.ask(cast)
            assert told.status_code in ({503} if outage.befell else {200}), (
                reading.name,
                told.text,
            )


@pytest.mark.parametrize(
    "fault",
    soaking([*OF_ANY_CALL, *OF_TRANSACTIONS], [THROTTLED, LATE, CONFLICT, IN_PROGRESS]),
    ids=lambda fault: fault.name,
)
def test_batches_whose_every_call_fails_once_are_deleted_and_counted_as_they_are(
    backend: PersistenceBackend, fault: WireFault
) -> None:
    expected = left(backend, some_people(backend, "user"))
    deleted = DeletedCounts()
    with failing(fault, EverySecondCall()):
        while counts := backend.purge(3):
            deleted += counts

    assert describe_counts(deleted) == expected


def test_marks_that_are_for_ever_said_to_be_in_progress_hold_up_no_relay(
    backend: PersistenceBackend, time: ElapsingClock
) -> None:
    chains = [a_chain(name, 3) for name in NAMES[:4]]
    some = list(itertools.chain(*chains))
    time.move(minutes=1)
    for at in range(4):
        transport = Transport()
        while backend.purge(1000):
            pass
        store(backend, *some)
        with events.use(transport):
            relay = PromptRelay()
            outage = Outage(at, math.inf)
            with failing(IN_PROGRESS, outage), contextlib.suppress(BackendUnavailable):
                relay.drain(5)
            assert outage.befell
            time.move(seconds=LEASE_FOR.total_seconds() + SKEW.total_seconds())
            relay.drain(60)

        assert set(statuses(some)) == {"sent"}
        assert set(transport.published_ids) == {event.event_id for event in some}
        assert max(Counter(transport.published_ids).values()) <= 2


class EverySecondCall(Outage):
    """The first of every two calls fails."""

    def __init__(self) -> None:
        super().__init__(0)
        self._fails = itertools.cycle([True, False])

    def befalls(self, call: str) -> bool:
        return next(self._fails)

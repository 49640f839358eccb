"""The one cache: how old what is, who waits for whom, and what a silent source costs."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest

from financial_api.kernel import cache as cache_module
from financial_api.kernel import clock, deadline
from financial_api.kernel.cache import (
    FIRST_PAUSE_SECONDS,
    LIMIT_SECONDS,
    MOST_THREADS,
    PAUSE_SECONDS,
    Cache,
)
from tests.support.api import eventually
from tests.support.builders import MOMENT
from tests.support.caches import fetching, settle
from tests.support.clocks import ElapsingClock
from tests.support.threads import Together

THREADS = 60
MOST_SECONDS = 60.0
PROMISED_SECONDS = 5.0
"""How long anything may take that somebody has four seconds for."""

FRESH, USABLE = 30.0, 300.0


class Away(Exception):
    pass


class Source:
    """Gives 1, 2, 3 …, one for each time it is asked; may be away, and silent until it is let go.

    Whatever it says, it says when its gate is open.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self.asked += 1
            number, error = self.asked, self.error
        assert self.gate.wait(MOST_SECONDS)
        if error is not None:
            raise error
        return number


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.gate.set()
    settle()


@pytest.fixture
def hours() -> Iterator[ElapsingClock]:
    with clock.installed(ElapsingClock(MOMENT)) as hours:
        assert isinstance(hours, ElapsingClock)
        yield hours


def a_cache(**options: object) -> Cache[str, int]:
    ages = {"fresh_seconds": FRESH, "usable_seconds": USABLE}
    return Cache("the source", Away, **ages | options)


def outcomes(cache: Cache[str, int], source: Source, threads: int = THREADS) -> list[object]:
    """Return what each of many threads got at once: a value, or a kind of error."""

    def ask() -> object:
        try:
            with deadline.within(deadline.REQUEST_SECONDS):
                return cache.get("key", source)
        except Away as error:
            return type(error)

    return Together(lambda: None).run([ask] * threads)


def begun(ask: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def test_a_fresh_value_is_not_asked_for_again(source: Source, hours: ElapsingClock) -> None:
    cache = a_cache()
    assert cache.get("key", source) == 1
    hours.move(seconds=FRESH - 1)
    assert cache.get("key", source) == 1
    assert source.asked == 1


def test_who_finds_it_no_longer_fresh_has_it_and_the_next_has_a_newer(
    source: Source, hours: ElapsingClock
) -> None:
    cache = a_cache()
    cache.get("key", source)
    hours.move(seconds=FRESH)
    assert cache.get("key", source) == 1
    settle()
    assert cache.get("key", source) == 2


def test_an_age_counts_from_when_the_fetch_began(hours: ElapsingClock) -> None:
    cache = a_cache()

    def slowly() -> int:
        hours.move(seconds=20)
        return 1

    cache.get("key", slowly)
    hours.move(seconds=FRESH - 20)
    cache.get("key", lambda: 2)
    settle()
    assert cache.get("key", lambda: 3) == 2


def test_a_failed_refresh_keeps_the_old_value_until_it_is_too_old(
    source: Source, hours: ElapsingClock
) -> None:
    cache = a_cache()
    cache.get("key", source)
    source.error = Away("gone")
    for _ in range(9):
        hours.move(seconds=FRESH)
        assert cache.get("key", source) == 1
        settle()
    hours.move(seconds=FRESH)
    with pytest.raises(Away):
        cache.get("key", source)


@pytest.mark.parametrize(("held", "pause"), [(True, PAUSE_SECONDS), (False, FIRST_PAUSE_SECONDS)])
def test_after_a_failure_there_is_a_pause_for_everybody(
    source: Source, hours: ElapsingClock, held: bool, pause: float
) -> None:
    cache = a_cache()
    if held:
        cache.put("key", 0)
        hours.move(seconds=FRESH)
    source.error = Away("gone")
    expected = {0} if held else {Away}
    assert set(outcomes(cache, source)) == expected
    settle()
    assert set(outcomes(cache, source)) == expected
    hours.move(seconds=pause - 0.1)
    assert set(outcomes(cache, source)) == expected
    settle()
    assert source.asked == 1
    hours.move(seconds=0.1)
    assert set(outcomes(cache, source)) == expected
    settle()
    assert source.asked == 2


@pytest.mark.parametrize("error", [None, Away("gone"), ValueError("a bug")])
@pytest.mark.parametrize("aside", [False, True])
def test_sixty_threads_ask_once_whatever_comes_of_it(
    source: Source, error: Exception | None, aside: bool
) -> None:
    cache, source.error = a_cache(aside=aside), error
    source.gate.clear()
    opening = threading.Timer(0.2, source.gate.set)
    opening.start()

    def ask() -> object:
        try:
            return cache.get("key", source)
        except (Away, ValueError) as error:
            return type(error)

    found = Together(lambda: None).run([ask] * THREADS)

    opening.join()
    assert source.asked == 1
    assert found.count(ValueError) == (isinstance(error, ValueError) and not aside)
    assert set(found) - {ValueError} == {Away if error else 1}


def test_a_silent_source_costs_nobody_who_has_a_usable_value_anything(
    source: Source, hours: ElapsingClock
) -> None:
    """It says nothing until all have been served, so who waited for it would never be."""
    cache = a_cache()
    cache.get("key", source)
    hours.move(seconds=FRESH)
    source.gate.clear()

    assert outcomes(cache, source) == [1] * THREADS
    assert len(fetching()) == 1
    assert source.asked == 2


def test_nobody_waits_longer_than_they_have_left(source: Source) -> None:
    cache = a_cache()
    source.gate.clear()
    begun(lambda: cache.get("key", source))
    eventually(lambda: source.asked == 1)
    since = time.monotonic()
    with deadline.within(0.2), pytest.raises(Away, match="the source: no answer yet"):
        cache.get("key", source)
    assert time.monotonic() - since < PROMISED_SECONDS
    assert source.asked == 1


def test_a_fetch_that_hangs_is_as_good_as_failed_and_is_made_anew(
    source: Source, hours: ElapsingClock
) -> None:
    cache = a_cache()
    source.gate.clear()
    begun(lambda: cache.get("key", source))
    eventually(lambda: source.asked == 1)
    hours.move(seconds=LIMIT_SECONDS)
    with pytest.raises(Away, match="no answer"):
        cache.get("key", source)
    assert source.asked == 1

    hours.move(seconds=FIRST_PAUSE_SECONDS)
    assert cache.get("key", lambda: 7) == 7
    source.gate.set()
    assert cache.get("key", source) == 7


def test_what_comes_too_late_is_taken_for_as_old_as_it_is(
    source: Source, hours: ElapsingClock
) -> None:
    cache = a_cache()
    source.gate.clear()
    late = begun(lambda: cache.get("key", source))
    eventually(lambda: source.asked == 1)
    hours.move(seconds=USABLE - 1)
    source.gate.set()
    late.join(MOST_SECONDS)
    assert cache.peek("key") == 1
    hours.move(seconds=1)
    assert cache.peek("key") is None


def test_who_comes_when_a_fetch_is_too_old_already_is_not_given_what_it_brings(
    source: Source, hours: ElapsingClock
) -> None:
    cache = a_cache(fresh_seconds=1.0, usable_seconds=1.0)
    source.gate.clear()
    first = begun(lambda: cache.get("key", source))
    eventually(lambda: source.asked == 1)
    hours.move(seconds=1)
    assert cache.get("key", lambda: 7) == 7
    source.gate.set()
    first.join(MOST_SECONDS)
    assert cache.get("key", source) == 7


def test_one_threads_short_deadline_is_no_failure_of_anothers(source: Source) -> None:
    cache = a_cache()
    source.gate.clear()
    source.error = Away("no time left")

    def in_a_hurry() -> None:
        with deadline.within(deadline.LEAST_SECONDS / 2), pytest.raises(Away):
            cache.get("key", source)

    hurried = begun(in_a_hurry)
    eventually(lambda: source.asked == 1)
    found: list[int] = []
    patient = begun(lambda: found.append(cache.get("key", source)))
    source.error = None
    source.gate.set()

    hurried.join(MOST_SECONDS)
    patient.join(MOST_SECONDS)
    assert found == [2]


def test_a_value_may_be_wanted_younger_than_it_is(source: Source, hours: ElapsingClock) -> None:
    cache = a_cache()
    cache.get("key", source)
    hours.move(seconds=5)
    assert cache.get("key", source, at_most=6) == 1
    assert cache.get("key", source, at_most=5) == 2
    assert cache.get("key", source, at_most=5) == 2

    hours.move(seconds=5)
    source.error = Away("gone")
    for _ in range(2):
        with pytest.raises(Away, match="gone"):
            cache.get("key", source, at_most=5)
    assert source.asked == 3
    assert cache.get("key", source) == 2


class TestPatience:
    """A value that is not fresh is waited for while its source answers."""

    def test_everybody_has_the_newer_value(self, source: Source, hours: ElapsingClock) -> None:
        cache = a_cache(patience=MOST_SECONDS)
        cache.get("key", source)
        hours.move(seconds=FRESH)
        assert outcomes(cache, source) == [2] * THREADS
        assert source.asked == 2

    def test_a_source_that_has_just_failed_is_not_waited_for(
        self, source: Source, hours: ElapsingClock
    ) -> None:
        cache = a_cache(patience=MOST_SECONDS)
        cache.put("key", 0)
        hours.move(seconds=FRESH)
        source.error = Away("gone")
        assert cache.get("another", lambda: 1) == 1
        assert cache.get("key", source) == 0
        source.error = None
        source.gate.clear()
        hours.move(seconds=PAUSE_SECONDS)
        assert cache.get("key", source) == 0
        source.gate.set()
        settle()
        assert cache.get("key", source) == 2

    def test_who_waits_does_it_itself_where_all_threads_are_busy(
        self, source: Source, hours: ElapsingClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cache_module, "MOST_THREADS", 1)
        cache = a_cache(patience=MOST_SECONDS, ahead_seconds=FRESH / 2)
        cache.put("busy", 0)
        cache.put("key", 0)
        hours.move(seconds=FRESH - 1)
        source.gate.clear()
        assert cache.get("busy", source) == 0
        eventually(lambda: source.asked == 1)
        assert cache.get("key", lambda: 7) == 0  # it is queued
        hours.move(seconds=1)
        assert cache.get("key", lambda: 7) == 7

    def test_a_source_that_hangs_is_waited_for_once_under_whatever_key(
        self, source: Source, hours: ElapsingClock
    ) -> None:
        cache = a_cache(patience=0.2)
        keys = [str(number) for number in range(THREADS)]
        for key in keys:
            cache.put(key, 0)
        hours.move(seconds=FRESH)
        source.gate.clear()
        since = time.monotonic()
        assert [cache.get(key, source) for key in keys] == [0] * THREADS
        assert 0.2 <= time.monotonic() - since < PROMISED_SECONDS
        assert len(fetching()) == MOST_THREADS

    def test_an_answer_has_it_waited_for_again(self, source: Source, hours: ElapsingClock) -> None:
        cache = a_cache(patience=MOST_SECONDS)
        cache.put("key", 0)
        hours.move(seconds=FRESH)
        source.error = Away("gone")
        assert cache.get("key", source) == 0
        source.error = None
        hours.move(seconds=PAUSE_SECONDS)
        assert cache.get("another", lambda: 7) == 7
        assert cache.get("key", source) == 2

    def test_it_is_asked_for_ahead_and_nobody_waits(
        self, source: Source, hours: ElapsingClock
    ) -> None:
        cache = a_cache(patience=MOST_SECONDS, ahead_seconds=5)
        cache.get("key", source)
        hours.move(seconds=FRESH - 5)
        source.gate.clear()
        assert outcomes(cache, source) == [1] * THREADS
        source.gate.set()
        settle()
        assert cache.get("key", source) == 2

    def test_more_keys_than_threads_all_have_their_newer_values(
        self, source: Source, hours: ElapsingClock
    ) -> None:
        cache = a_cache(patience=MOST_SECONDS)
        keys = [str(number) for number in range(THREADS)]
        for key in keys:
            cache.put(key, 0)
        hours.move(seconds=FRESH)

        def ask(key: str) -> Callable[[], int]:
            return lambda: cache.get(key, source)

        assert 0 not in Together(lambda: None).run([ask(key) for key in keys])
        assert source.asked == THREADS


def test_a_value_serves_no_longer_than_it_lives(source: Source, hours: ElapsingClock) -> None:
    cache = a_cache(lifetime=lambda value: 10.0 * value, ahead_seconds=100)
    cache.get("key", source)
    hours.move(seconds=4)
    cache.get("key", source)
    assert source.asked == 1
    source.error = Away("gone")
    hours.move(seconds=5)
    assert cache.get("key", source) == 1
    settle()
    assert source.asked == 2
    hours.move(seconds=1)
    with pytest.raises(Away, match="gone"):
        cache.get("key", source)


def test_what_is_put_or_forgotten_is_not_undone_by_a_fetch_under_way(source: Source) -> None:
    cache = a_cache()
    for change in (lambda: cache.put("key", 7), lambda: cache.forget("key")):
        cache.forget("key")
        source.gate.clear()
        asked = source.asked
        asking = begun(lambda: cache.get("key", source))
        eventually(lambda asked=asked: source.asked == asked + 1)
        change()
        expected = cache.peek("key")
        source.gate.set()
        asking.join(MOST_SECONDS)
        assert cache.peek("key") == expected


def test_what_was_used_longest_ago_goes(source: Source) -> None:
    cache = a_cache(most=2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, source)
    assert (cache.peek("a"), cache.peek("b"), cache.peek("c")) == (1, None, 3)


def test_nothing_is_a_value_too(hours: ElapsingClock) -> None:
    cache: Cache[str, int | None] = Cache("the source", Away, fresh_seconds=1, usable_seconds=1)
    assert cache.get("key", lambda: None) is None
    assert cache.get("key", lambda: 1) is None


def test_where_no_thread_can_be_started_the_old_value_serves(
    source: Source, hours: ElapsingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    cache, other = a_cache(patience=1.0), a_cache(aside=True)
    cache.get("key", source)
    hours.move(seconds=FRESH)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert [cache.get("key", source) for _ in range(3)] == [1] * 3
        with pytest.raises(Away, match="no thread"):
            other.get("key", source)
    hours.move(seconds=PAUSE_SECONDS)
    assert other.get("key", source) == 2


def test_a_bug_aside_is_logged_and_the_old_value_serves(
    source: Source, hours: ElapsingClock, caplog: pytest.LogCaptureFixture
) -> None:
    cache = a_cache()
    cache.get("key", source)
    source.error = ValueError("a secret")
    hours.move(seconds=FRESH)
    assert cache.get("key", source) == 1
    settle()
    assert cache.get("key", source) == 1
    assert "ValueError" in caplog.text


def test_an_outage_is_told_once(
    source: Source, hours: ElapsingClock, caplog: pytest.LogCaptureFixture
) -> None:
    cache = a_cache()
    cache.get("key", source)
    source.error = Away("gone")
    hours.move(seconds=FRESH)
    for _ in range(3):
        cache.get("key", source)
        settle()
        hours.move(seconds=PAUSE_SECONDS)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["the source cannot be read, what is known serves: gone"]


def test_a_thread_of_its_own_fetches_in_time_and_lets_go_of_what_it_holds(
    hours: ElapsingClock,
) -> None:
    seen: list[object] = []
    cache = a_cache(aside=True, leave_thread=lambda: seen.append(threading.current_thread()))

    def fetch() -> int:
        seen.extend([threading.current_thread(), deadline.is_running(), deadline.remaining()])
        return 1

    assert cache.get("key", fetch) == 1
    cache.settle()
    thread, *time_left, left = seen
    assert (left, time_left) == (thread, [True, LIMIT_SECONDS])
    assert isinstance(thread, threading.Thread)
    assert thread.daemon
    assert not thread.is_alive()


def test_in_a_forks_child_nothing_is_under_way(source: Source, hours: ElapsingClock) -> None:
    cache = a_cache(aside=True)
    cache.put("held", 7)
    source.gate.clear()
    begun(lambda: cache.get("key", source))
    eventually(lambda: source.asked == 1)
    with cache._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, of threads
        child = os.fork()
        if child == 0:
            try:
                with deadline.within(MOST_SECONDS):
                    good = cache.get("key", lambda: 3) == 3 and cache.get("held", source) == 7
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_cache_that_is_gone_is_not_kept_for_forks() -> None:
    before = len(cache_module._caches)
    a_cache()
    assert len(cache_module._caches) <= before

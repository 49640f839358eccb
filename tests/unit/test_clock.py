"""Time: always UTC, text that sorts as time does, never before what it follows."""

from datetime import UTC, timedelta

from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel import clock, deadline
from tests.unit.building import NOON, TICK, StoppedClock, moments


@given(moments)
def test_a_time_survives_being_written_and_read(moment):
    read = clock.from_iso(clock.iso(moment))
    assert read == moment
    assert read.utcoffset() == timedelta(0)


@given(moments, moments)
def test_text_sorts_as_time_does(one, other):
    assert (clock.iso(one) < clock.iso(other)) is (one < other)


@given(moments)
def test_a_time_is_written_with_six_decimals_and_z(moment):
    assert clock.iso(moment) == moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def test_a_whole_second_has_its_decimals_too():
    assert clock.iso(NOON) == "2026-01-15T12:00:00.000000Z"


def test_now_is_aware_and_utc():
    assert clock.now().tzinfo is UTC


def test_now_is_what_the_installed_clock_shows_and_the_old_one_comes_back():
    before = clock.now()
    with clock.installed(StoppedClock()):
        assert clock.now() == NOON
    assert clock.now() >= before


def test_a_shifted_clock_is_ahead_by_its_offset():
    ahead = clock.SystemClock(timedelta(days=40)).now() - clock.SystemClock().now()
    assert timedelta(days=39) < ahead < timedelta(days=41)


@given(st.lists(moments), moments)
def test_what_follows_is_later_than_everything_it_follows_and_not_before_now(earlier, now):
    with clock.installed(StoppedClock(now)):
        moment = clock.after(*earlier)
    assert moment >= now
    assert all(moment > one for one in earlier)
    assert moment == now or moment - TICK in earlier


def test_what_follows_the_present_moment_is_a_microsecond_later(stopped_clock):
    assert clock.after(NOON) == NOON + TICK


def test_what_follows_nothing_is_now(stopped_clock):
    assert clock.after() == NOON


def test_a_deadline_runs_down_and_stops_at_zero(stopped_clock):
    with deadline.within(4):
        assert deadline.remaining() == 4
        stopped_clock.sleep(3)
        assert deadline.remaining() == 1
        stopped_clock.sleep(3)
        assert deadline.remaining() == 0


def test_a_deadline_within_another_replaces_it_for_its_length(stopped_clock):
    with deadline.within(4):
        with deadline.within(60):
            assert deadline.remaining() == 60
        assert deadline.remaining() == 4


def test_without_a_deadline_there_is_the_time_of_a_request():
    assert deadline.remaining() == deadline.REQUEST_SECONDS == 4
    assert deadline.remaining(default=20) == 20

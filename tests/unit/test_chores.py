"""Chores are done in their time, and one that fails holds up no other."""

import threading

import pytest

from financial_api.application import chores
from financial_api.application.chores import Upkeep, UpkeepThread, chore
from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable
from tests.support.builders import MOMENT
from tests.support.clocks import ElapsingClock


@pytest.fixture
def time():
    with clock.installed(ElapsingClock(MOMENT)) as elapsing:
        yield elapsing


@pytest.fixture
def done(monkeypatch):
    """Chores that write down that they were done, every ten seconds and every minute."""
    monkeypatch.setattr(chores, "CHORES", {})
    done = []
    chore("often", every_seconds=10)(lambda: done.append("often"))
    chore("rarely", every_seconds=60)(lambda: done.append("rarely"))
    return done


def test_each_is_done_at_first_and_when_its_time_has_come(time, done):
    keeper = Upkeep()
    for pause in (0, 9.9, 0.1, 49.9, 0.1):
        time.move(seconds=pause)
        keeper.run_due()
        done.append("|")

    assert " ".join(done) == "often rarely | | often | often | rarely |"


@pytest.mark.parametrize("error", [BackendUnavailable("no store"), KeyError("a bug")])
def test_one_that_fails_is_told_and_done_again_in_its_time(time, done, caplog, error):
    def fails():
        raise error

    chores.CHORES.clear()
    chore("broken", every_seconds=10)(fails)
    chore("often", every_seconds=10)(lambda: done.append("often"))
    keeper = Upkeep()
    for pause in (0, 5, 5):
        time.move(seconds=pause)
        keeper.run_due()

    assert done == ["often", "often"]
    assert caplog.text.count("broken could not be done") == 2


def test_a_thread_does_them_beside_the_relay_until_it_is_stopped(monkeypatch):
    monkeypatch.setattr(chores, "CHORES", {})
    monkeypatch.setattr(chores, "LOOK_SECONDS", 0.001)
    runs = threading.Semaphore(0)
    chore("often", every_seconds=0)(runs.release)
    thread = UpkeepThread()

    for _ in range(3):
        assert runs.acquire(timeout=10)
    thread.stop()

    while runs.acquire(blocking=False):
        pass
    assert not runs.acquire(timeout=0.05)


def test_what_ages_is_among_the_chores():
    assert {"retention", "whatsapp-expiry"} <= set(chores.CHORES)

"""Processes that live and end together, whoever ends first."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra_backends.management.processes import Processes
from tests.support.api import eventually

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
ENDS = [sys.executable, "-c", "raise SystemExit(3)"]
WITH_A_CHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid,"
    " file=open(sys.argv[1], 'w'), flush=True); time.sleep(60)",
]
STUBBORN = [
    sys.executable,
    "-c",
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[1]).write_text('ready'); time.sleep(60)",
]

LEADER = """
import sys
from infra_backends.management.processes import Processes, interruptible
SLEEPS, ENDS = {sleeps!r}, {ends!r}
with interruptible(), Processes() as processes:
    sleeper = processes.start("the sleeper", SLEEPS)
    print(sleeper.pid, flush=True)
    if len(sys.argv) > 1:
        processes.start("the short one", ENDS)
    print(processes.wait_for_an_end(), flush=True)
"""


@pytest.fixture
def written(tmp_path):
    """A file that a process writes, and a wait until it has."""
    path = tmp_path / "written"

    def wait():
        ends_at = time.monotonic() + 30
        while not (path.exists() and path.read_text().strip()):
            assert time.monotonic() < ends_at
            time.sleep(0.01)
        return path.read_text().strip()

    return str(path), wait


def is_alive(pid):
    """Return False also for a process of which only the exit status is left to be read."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def leader(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", LEADER.format(sleeps=SLEEPS, ends=ENDS), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_none_is_left_after_the_block():
    with Processes() as processes:
        started = [processes.start(name, SLEEPS) for name in ("one", "other")]
    assert [process.returncode is not None for process in started] == [True, True]


def test_what_a_process_started_is_not_left_either(written):
    path, wait = written
    with Processes() as processes:
        processes.start("a parent", [*WITH_A_CHILD, path])
        child = int(wait())
        assert is_alive(child)
    eventually(lambda: not is_alive(child))


def test_who_does_not_listen_is_killed(written, monkeypatch):
    monkeypatch.setattr("infra_backends.management.processes.STOP_SECONDS", 0.2)
    path, wait = written
    with Processes() as processes:
        process = processes.start("a stubborn one", [*STUBBORN, path])
        wait()
    assert process.returncode == -9


def test_none_is_left_after_an_error():
    processes = Processes()
    process = processes.start("one", SLEEPS)
    with pytest.raises(ZeroDivisionError), processes:
        raise ZeroDivisionError
    assert process.returncode is not None


def test_the_last_started_is_stopped_first(monkeypatch):
    stopped = []
    monkeypatch.setattr(
        "infra_backends.management.processes._stop", lambda process: stopped.append(process.pid)
    )
    with Processes() as processes:
        started = [processes.start(name, ENDS) for name in ("one", "other")]
    assert stopped == [process.pid for process in reversed(started)]
    for process in started:
        process.wait()


def test_the_first_to_end_is_named_with_its_status():
    with leader("with a short one") as process:
        sleeper, end = process.communicate(timeout=30)[0].splitlines()
    assert end == "the short one ended with status 3"
    assert process.returncode == 0
    assert not is_alive(int(sleeper))


@pytest.mark.parametrize("signal_number", [1, 2, 15])
def test_a_signal_ends_the_block_and_all_of_them(signal_number):
    with leader() as process:
        sleeper = int(process.stdout.readline())
        process.send_signal(signal_number)
        error = process.communicate(timeout=30)[1]
    assert "KeyboardInterrupt" in error
    assert not is_alive(sleeper)

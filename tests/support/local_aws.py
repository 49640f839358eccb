"""`manage.py aws_local` as a process of its own, with everything that it starts."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.fork_server import FORK_SERVER
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 60.0

MARK = "STARTED_BY_A_TEST"
"""A variable that all inherit, by which those that are left can be found."""


@dataclass(frozen=True, slots=True)
class LocalAWS:
    url: str
    emulator_port: int
    process: "subprocess.Popen[bytes]"
    log: Path
    mark: str

    def said(self) -> str:
        return self.log.read_text()

    def exports(self) -> dict[str, str]:
        """Return the variables that it tells people to export."""
        lines = re.findall(r"^ *export (.*)$", self.said(), re.MULTILINE)
        return dict(pair.split("=", 1) for line in lines for pair in line.split())

    def manage(self, *arguments: str) -> str:
        """Run a command in another shell, as people are told to; return what it printed."""
        ran = FORK_SERVER.run(("manage.py", *arguments), os.environ | self.exports())
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def stop(self, number: signal.Signals) -> int:
        """Ask it to stop; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def left(self) -> dict[int, str]:
        """Return the processes of this run that are still there: ids and command lines."""
        mark = f"{MARK}={self.mark}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = line
        return found

    def pid_of(self, words: str) -> int:
        """Return the first process whose command line has these words, which leads the others."""
        return min(pid for pid, line in self.left().items() if words in line)


@contextlib.contextmanager
def running(folder: Path, **variables: str | None) -> Iterator[LocalAWS]:
    """Start all of it, and wait until the API answers and everything is said."""
    with started(folder, **variables) as here:
        wait_until(here, lambda: _is_ready(here) and "Ctrl-C stops everything" in here.said())
        yield here


@contextlib.contextmanager
def started(folder: Path, *options: str, **variables: str | None) -> Iterator[LocalAWS]:
    """Start it on free ports, with its data in `folder`; None takes a variable away."""
    port, emulator_port, mark = free_port(), free_port(), secrets.token_hex(8)
    log = folder / f"{mark}.log"
    settings = {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.local",
        "PORT": str(port),
        "EMULATOR_PORT": str(emulator_port),
        "DATA_DIR": str(folder),
        "PYTHONUNBUFFERED": "1",
        MARK: mark,
    }
    without_aws = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    environment = without_aws | settings | variables
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "aws_local", *options],
            cwd=ROOT,
            env={name: text for name, text in environment.items() if text is not None},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    here = LocalAWS(f"http://127.0.0.1:{port}", emulator_port, process, log, mark)
    try:
        yield here
    finally:
        for pid in here.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def wait_until(here: LocalAWS, holds: Callable[[], bool]) -> None:
    """Wait for something of it; fail when it ends, or a minute has passed."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and here.process.poll() is None:
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"it did not start:\n{here.said()}")


def _is_ready(here: LocalAWS) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{here.url}/health/readiness", timeout=2).is_success
    return False

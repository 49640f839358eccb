"""Drainer processes that are killed and replaced while they work."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.servers import ROOT

POLL_SECONDS = 0.02
AWAY = "away"
PUBLISHED = "published"
LOG = "log"


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it was published."""

    event_id: str
    entity_id: str
    number: int


class Drainers:
    """Processes that drain the outbox of one environment into one file."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.kills = 0
        self.folder = folder
        self._running: list[int] = []
        self._started = 0
        with (folder / LOG).open("ab") as log:
            self._starter = subprocess.Popen(
                [sys.executable, "-m", "tests.support.drainer", str(folder)],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def seed(self, entities: int, each: int) -> None:
        """Store so many events of so many entities."""
        assert self._ask("wait", self._ask("seed", entities, each)) == 0, self.log

    def report(self, seconds: float) -> dict[str, Any]:
        """Return what has become of all events, once the outbox is empty or time is up."""
        assert self._ask("wait", self._ask("report", seconds)) == 0, self.log
        answer: dict[str, Any] = json.loads((self.folder / "report").read_text())
        return answer

    def start(self) -> None:
        """Start one more."""
        self._started += 1
        self._running.append(self._ask("drain", self._started))

    def kill_one(self) -> None:
        """End the one that has run longest, as `kill -9` does, and start another."""
        process = self._running.pop(0)
        os.kill(process, signal.SIGKILL)
        assert self._ask("wait", process) == -signal.SIGKILL, self.log
        self.kills += 1
        self.start()

    def stop(self) -> list[int]:
        """Ask all to stop; return their exit statuses."""
        for process in self._running:
            os.kill(process, signal.SIGTERM)
        return [self._ask("wait", self._running.pop(0)) for _ in range(len(self._running))]

    def end(self) -> None:
        """End whatever still runs."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._starter.kill()
        with contextlib.suppress(BrokenPipeError), self._starter:
            pass

    def _ask(self, *words: object) -> int:
        assert self._starter.stdin is not None
        assert self._starter.stdout is not None
        self._starter.stdin.write(" ".join(map(str, words)) + "\n")
        self._starter.stdin.flush()
        answer = self._starter.stdout.readline()
        assert answer, self.log
        return int(answer)

    def set_away(self, is_away: bool) -> None:
        """Have the transport be away, or back."""
        if is_away:
            (self.folder / AWAY).touch()
        else:
            (self.folder / AWAY).unlink()

    @property
    def log(self) -> str:
        return (self.folder / LOG).read_text()

    @property
    def published(self) -> list[Line]:
        """What was published so far, in order."""
        return [Line(line[0], line[1], int(line[2])) for line in self._lines() if len(line) == 3]

    @property
    def lost(self) -> int:
        """How many events were published by calls whose answer was lost."""
        return sum(int(line[1]) for line in self._lines() if len(line) == 2)

    def _lines(self) -> list[list[str]]:
        file = self.folder / PUBLISHED
        text = file.read_text() if file.exists() else ""
        return [line.split() for line in text.splitlines()]


@contextlib.contextmanager
def drainers(environment: dict[str, str], folder: Path) -> Iterator[Drainers]:
    """Give drainers of an environment, all of which end with the block."""
    running = Drainers(environment, folder)
    try:
        yield running
    finally:
        running.end()


def wait_until(reached: Any, seconds: float, every: Any = None) -> None:
    """Return when `reached()` is true, calling `every()` between looks; fail after a time."""
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, f"not within {seconds} s"
        if every is not None:
            every()
        time.sleep(POLL_SECONDS)

"""Relays in processes of their own: how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra_backends.persistence.base import PersistenceBackend
from tests.support.fork_server import FORK_SERVER, Forked
from tests.support.servers import ROOT

END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """A running program, and the file that it writes to."""

    process: Forked
    output: Path

    def ended(self) -> list[str]:
        """Return the lines that it wrote, once it has ended well."""
        assert self.process.wait(END_SECONDS) == 0
        return self.output.read_text().splitlines()


Run = Callable[..., Program]


@pytest.fixture
def run(private_environment: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Starts Python with a backend's environment."""
    started: list[Program] = []

    def start(*command: str) -> Program:
        output = tmp_path / f"output-{len(started)}"
        with output.open("wb") as written, (tmp_path / "log").open("ab") as log:
            process = FORK_SERVER.start(command, os.environ | private_environment, written, log)
        started.append(Program(process, output))
        return started[-1]

    yield start
    for program in started:
        program.process.kill()


@pytest.fixture
def shared(backend: PersistenceBackend) -> None:
    if not backend.shared_between_processes:
        pytest.skip("what one process has stored no other sees")


def test_a_process_whose_threads_commit_to_the_end_ends_at_once_and_quietly(
    private_environment: dict[str, str],
) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.support.leaving"],
        cwd=ROOT,
        env=os.environ | private_environment,
        capture_output=True,
        check=False,
        timeout=END_SECONDS,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_a_process_that_ended_has_released_its_leases(shared: None, run: Run) -> None:
    run("-m", "tests.support.leaving").ended()

    assert leases(run) == ["-"] * 8


def test_a_relay_of_its_own_stops_when_it_is_told_to_and_says_what_it_has_sent(
    shared: None, run: Run
) -> None:
    run("-c", SEED).ended()
    relay = run("manage.py", "outbox_relay")
    run("-c", WAIT).ended()

    relay.process.send_signal(signal.SIGTERM)

    (line,) = relay.ended()  # within a minute, or it fails
    assert line.endswith(" events sent")
    assert int(line.split()[0]) >= 30
    assert leases(run) == ["-"] * 8


def leases(run: Run) -> list[str]:
    """Return who holds each shard's lease, as an operator is told."""
    return [line.split()[-1] for line in run("manage.py", "outbox_status").ended()[1:9]]


SEED = """
import django
django.setup()
import os
from dataclasses import replace
from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.persistence.commit import Commit
from tests.support.relays import a_chain
for number in range(10):
    chain = a_chain(f"card-{os.getpid()}-{number}", 3)
    persistence.commit(Commit(now=clock.now(), saves=chain))
"""

WAIT = """
import django
django.setup()
from infra_backends import persistence
from tests.support.api import eventually
eventually(lambda: persistence.outbox.oldest_unsent() is None, 60)
"""

"""Relays in processes of their own: how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra_backends.persistence.base import PersistenceBackend
from tests.support.servers import ROOT

START_SECONDS = 60.0

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(private_environment: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Starts Python with a backend's environment; its errors go to the file `log`."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **settings: str) -> "subprocess.Popen[str]":
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=os.environ | private_environment | settings,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def shared(backend: PersistenceBackend) -> None:
    if not backend.shared_between_processes:
        pytest.skip("what one process has stored no other sees")


def output_of(process: "subprocess.Popen[str]") -> list[str]:
    output, _ = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
    return output.splitlines()


def test_a_process_whose_threads_commit_to_the_end_ends_at_once_and_quietly(
    run: Run, tmp_path: Path
) -> None:
    process = run("-X", "faulthandler", "-m", "tests.support.leaving")

    assert output_of(process) == []
    assert (tmp_path / "log").read_text() == ""


def test_a_process_that_ended_has_released_its_leases(shared: None, run: Run) -> None:
    output_of(run("-m", "tests.support.leaving"))

    assert leases(run) == ["-"] * 8


def test_a_relay_of_its_own_stops_when_it_is_told_to_and_says_what_it_has_sent(
    shared: None, run: Run
) -> None:
    output_of(run("-c", SEED))
    process = run("manage.py", "outbox_relay")
    output_of(run("-c", WAIT))

    process.send_signal(signal.SIGTERM)

    (line,) = output_of(process)  # within a minute, or it fails
    assert line.endswith(" events sent")
    assert int(line.split()[0]) >= 30
    assert leases(run) == ["-"] * 8


def leases(run: Run) -> list[str]:
    """Return who holds each shard's lease, as an operator is told."""
    return [line.split()[-1] for line in output_of(run("manage.py", "outbox_status"))[1:9]]


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

"""`manage.py worker_status` asks the worker itself and then the store, one line each."""

import contextlib
import os
import secrets
import signal
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from tests.support.api import eventually
from tests.support.fork_server import FORK_SERVER
from tests.support.plants import Plant, plant
from tests.support.redis_servers import redis_server
from tests.support.servers import memory_environment, sqlite_environment
from tests.support.workers import working

Environment = dict[str, str]


@pytest.fixture(scope="module")
def place() -> Iterator[Plant]:
    with plant() as place:
        yield place


@pytest.fixture
def name() -> str:
    """What other tests call no worker of theirs."""
    return f"{secrets.token_hex(4)}@%h"


def status(environment: Environment, name: str) -> "CompletedProcess[str]":
    command = ("manage.py", "worker_status", "--hostname", name)
    return FORK_SERVER.run(command, os.environ | environment)


def is_well(environment: Environment, name: str) -> bool:
    return status(environment, name).returncode == 0


def said(process: "CompletedProcess[str]") -> list[str]:
    """Return the beginning of each line that was printed, wherever."""
    return [line.partition(":")[0] for line in (process.stderr + process.stdout).splitlines()]


def test_a_worker_that_asks_sqs_is_well_and_one_that_is_stopped_is_not(
    place: Plant, name: str
) -> None:
    with working(place.environment, "--hostname", name) as worker:
        eventually(lambda: is_well(place.environment, name))
        well = status(place.environment, name)
        os.kill(worker.process.pid, signal.SIGSTOP)
        stopped = status(place.environment, name)
        os.kill(worker.process.pid, signal.SIGCONT)
        eventually(lambda: is_well(place.environment, name))

    assert said(well) == ["worker", "store"]
    assert "0 events wait in 8 shards" in well.stdout
    assert stopped.returncode == 1
    assert said(stopped) == ["worker", "store"]
    assert "does not answer within" in stopped.stderr


def test_a_worker_in_an_event_loop_is_asked_in_the_same_way(name: str) -> None:
    with redis_server() as broker, sqlite_environment() as environment:
        environment = environment | {"CELERY_BROKER_URL": broker}
        with working(environment, "--hostname", name, "--beat"):
            eventually(lambda: is_well(environment, name))


def test_without_a_worker_it_fails_in_one_line(place: Plant, name: str) -> None:
    asked = status(place.environment, name)

    assert asked.returncode == 1
    assert asked.stderr.startswith("worker: no worker of this user and these settings is ")
    assert asked.stderr.count("\n") == 1
    assert asked.stdout.startswith("store: ")


def test_a_store_that_is_away_is_told_beside_the_worker(place: Plant, name: str) -> None:
    away = place.environment | {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
    with working(place.environment, "--hostname", name):
        eventually(lambda: is_well(place.environment, name))
        asked = status(away, name)

    assert asked.returncode == 1
    assert asked.stdout.startswith("worker: ")
    assert asked.stderr.startswith("store: ")
    assert asked.stderr.count("\n") == 1


def test_of_two_workers_of_one_name_the_second_answers_after_the_first(
    place: Plant, name: str
) -> None:
    with working(place.environment, "--hostname", name) as first:
        eventually(lambda: is_well(place.environment, name))
        with working(place.environment, "--hostname", name) as second:
            eventually(lambda: "worker_status asks another worker" in second.log.read_text())
            first.kill()
            eventually(lambda: is_well(place.environment, name))


def test_the_name_of_a_worker_that_was_killed_is_free_at_once(place: Plant, name: str) -> None:
    with working(place.environment, "--hostname", name) as first:
        eventually(lambda: is_well(place.environment, name))
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(60)
        assert not is_well(place.environment, name)
        with working(place.environment, "--hostname", name):
            eventually(lambda: is_well(place.environment, name))
        with contextlib.suppress(ProcessLookupError):  # its pool may have seen it go
            os.killpg(first.process.pid, signal.SIGKILL)


def test_a_name_that_no_worker_can_have_is_refused_in_a_line() -> None:
    with memory_environment() as environment:
        asked = FORK_SERVER.run(
            ("manage.py", "worker_status", "--hostname", "%z@%h"), os.environ | environment
        )

    assert asked.returncode == 1
    [line] = asked.stderr.splitlines()
    assert line.startswith("CommandError: --hostname %z@%h is no name of a worker")

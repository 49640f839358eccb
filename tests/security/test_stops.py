"""A server that is told to stop: strangers do not hold it up, and who was served is answered."""

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from financial_api.serving.edge import STOP_SECONDS as WORKERS_STOP_SECONDS
from tests.support.api import Customer, eventually
from tests.support.crowds import Crowd, authorization, kept_request
from tests.support.fork_server import FORK_SERVER
from tests.support.processes import workers_of
from tests.support.servers import (
    STOP_SECONDS,
    Environment,
    RunningServer,
    running,
    sqlite_environment,
)
from tests.support.stopping import press_ctrl_c, terminate
from tests.support.strangers import strangers
from tests.support.stuck import PATH, Door

IN_A_ROW, ASKING = 10, 8

Tell = Callable[[RunningServer], float]


@pytest.fixture(params=[terminate, press_ctrl_c], ids=["SIGTERM", "Ctrl-C"])
def tell(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=["1", "2"], ids=["one worker", "two workers"])
def workers(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with sqlite_environment() as environment:
        yield environment | {"DJANGO_SETTINGS_MODULE": "tests.support.stuck_settings"}


def ended_well(server: RunningServer, told_at: float) -> bool:
    """Return whether a server that was told to stop has done so by itself, with every worker.

    One that does not is ended by the kernel after its time, which leaves no other trace.
    """
    status = server.process.wait(STOP_SECONDS)
    took = time.monotonic() - told_at
    return status == 0 and took < WORKERS_STOP_SECONDS and "kill" not in server.log.read_text()


def register(server: RunningServer) -> dict[str, Any]:
    """Have a user register, of which the relay sends an event under a lease."""
    with contextlib.closing(Customer(server.url)) as customer:
        return customer.register()


def holders(environment: Environment) -> set[str]:
    """Return who holds the leases of the outbox, as an operator is told."""
    told = FORK_SERVER.run(("manage.py", "outbox_status"), os.environ | environment).stdout
    return {line.split()[-1] for line in told.splitlines()[1:9]}


@pytest.mark.parametrize(
    "company", [contextlib.nullcontext, strangers], ids=["alone", "among strangers"]
)
def test_nobody_is_killed_and_the_leases_are_given_back(
    environment: Environment,
    workers: str,
    tell: Tell,
    company: Callable[[RunningServer], contextlib.AbstractContextManager[None]],
) -> None:
    with running(environment, WORKERS=workers, THROTTLE="off") as server, company(server):
        eventually(lambda: register(server) and holders(environment) != {"-"})

        told_at = tell(server)

        assert ended_well(server, told_at)
        assert holders(environment) == {"-"}


def test_requests_under_way_are_answered(
    environment: Environment, workers: str, tell: Tell
) -> None:
    door = Door.of(environment)
    with running(environment, WORKERS=workers, THROTTLE="off") as server, strangers(server):
        with contextlib.closing(Customer(server.url)) as customer:
            customer.register()
            asked = kept_request("GET", PATH, authorization(customer))
        door.shut()
        try:
            with Crowd(server.url, [asked] * ASKING) as under_way:
                door.wait_for(ASKING)

                told_at = tell(server)
                eventually(lambda: not is_listening(server))
                assert under_way.waiting() == ASKING
                door.open()

                assert under_way.answers(ASKING) == [200] * ASKING
                assert ended_well(server, told_at)
        finally:
            door.open()


def test_a_worker_that_no_signal_reaches_is_killed_in_the_end(environment: Environment) -> None:
    with running(environment) as server:
        [worker] = workers_of(server)
        os.kill(worker, signal.SIGSTOP)

        terminate(server)

        assert server.process.wait(STOP_SECONDS) == 0
        assert "is killed" in server.log.read_text()


def is_listening(server: RunningServer) -> bool:
    try:
        Crowd(server.url, [b""]).close()
    except ConnectionError:
        return False
    return True


def test_ten_stops_in_a_row_under_load_kill_nobody(environment: Environment, workers: str) -> None:
    for tell in itertools.islice(itertools.cycle([terminate, press_ctrl_c]), IN_A_ROW):
        with (
            running(environment, WORKERS=workers, THROTTLE="off") as server,
            strangers(server),
            load(server) as answered,
        ):
            eventually(lambda answered=answered: len(answered) >= 10 * ASKING)  # type: ignore[misc]

            told_at = tell(server)

            assert ended_well(server, told_at)
            assert set(answered) <= {200, 201}


@contextlib.contextmanager
def load(server: RunningServer) -> Iterator[list[int]]:
    """Have clients ask ever again until nobody answers; yields what they were answered with."""
    answered: list[int] = []

    def ask() -> None:
        with (
            contextlib.closing(Customer(server.url)) as client,
            contextlib.suppress(httpx.TransportError),
        ):
            while True:
                answered.append(client.post("/v1/users", {}, key="").status_code)

    with ThreadPoolExecutor(ASKING) as pool:
        asking: list[Future[None]] = [pool.submit(ask) for _ in range(ASKING)]
        yield answered
    for each in asking:
        each.result()

"""A server of which every thread is stuck: who waits for one is told to come back."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.support.api import Customer, error_of, eventually, expect
from tests.support.crowds import Crowd, as_answer, authorization, kept_request, live
from tests.support.raw_http import exchange, request
from tests.support.servers import Environment, RunningServer, running, sqlite_environment
from tests.support.stuck import PATH, Door

THREADS = 2
MOST_WAITING = 1_024
DASHBOARD = "/v1/dashboard"


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with sqlite_environment() as environment:
        yield environment | {"DJANGO_SETTINGS_MODULE": "tests.support.stuck_settings"}


@pytest.fixture(scope="module")
def server(environment: Environment) -> Iterator[RunningServer]:
    with running(environment, THREADS=str(THREADS), THROTTLE="off") as server:
        yield server


@pytest.fixture
def asked(customer: Customer) -> bytes:
    """What a user asks that waits for a thread."""
    customer.register()
    return request("GET", DASHBOARD, authorization(customer), "X-Request-ID: of-a-test")


@pytest.fixture
def shed_before(server: RunningServer) -> float:
    return shed(server)


@pytest.fixture
def door(
    environment: Environment, server: RunningServer, customer: Customer, shed_before: float
) -> Iterator[Door]:
    """What as many requests as there are threads wait for; they are answered in the end."""
    door = Door.of(environment)
    customer.register()
    door.shut()
    try:
        with Crowd(
            server.url, [kept_request("GET", PATH, authorization(customer))] * THREADS
        ) as held:
            door.wait_for(THREADS)
            yield door
            door.open()
            assert held.answers(THREADS) == [200] * THREADS
    finally:
        door.open()


def shed(server: RunningServer, reason: str = r"\w+") -> float:
    """Return how many requests have been shed so far, for a reason or for whatever one."""
    metrics = httpx.get(f"{server.url}/metrics", timeout=60).text
    line = rf'^financial_api_shed_total\{{reason="{reason}"\}} (\S+)$'
    return sum(map(float, re.findall(line, metrics, re.MULTILINE)))


def test_liveness_waits_for_no_thread(server: RunningServer, door: Door) -> None:
    expect(live(server), 200)


def test_who_waits_too_long_for_a_thread_is_told_to_come_back(
    server: RunningServer, asked: bytes, shed_before: float, door: Door
) -> None:
    answer = as_answer(exchange(server.url, asked), "GET", f"{server.url}{DASHBOARD}")

    error_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.json()["meta"]["requestId"] == answer.headers["X-Request-ID"] == "of-a-test"
    assert int(answer.headers["Retry-After"]) >= 1
    door.open()
    eventually(lambda: shed(server) > shed_before)


def test_more_than_may_wait_for_a_thread_are_all_told_so_and_liveness_is_not(
    server: RunningServer, asked: bytes, door: Door
) -> None:
    before = shed(server, "requests")
    with Crowd(server.url, [asked] * (MOST_WAITING + 100)) as waiting:
        assert live(server).status_code in {200, 503}
        eventually(waiting.is_gone)

        assert waiting.statuses() == [503] * (MOST_WAITING + 100)
        assert all("retry-after" in dict(reply.headers) for reply in waiting.replies())
    assert shed(server, "requests") >= before + 100


def test_liveness_fails_while_work_waits_and_none_is_done(
    server: RunningServer, asked: bytes, door: Door
) -> None:
    with Crowd(server.url) as waiting:

        def is_dead() -> bool:
            waiting.join([asked])
            return live(server).status_code == 503

        eventually(is_dead)
        door.open()

        eventually(lambda: live(server).status_code == 200)
        assert exchange(server.url, asked).status == 200

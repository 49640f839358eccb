"""Readiness asks every service for real, and says which of them is away."""

import os
import signal
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.api import Api, eventually, expect
from tests.support.emulators import Emulator, ministack
from tests.support.proxy import Proxy, proxy
from tests.support.servers import RunningServer, provisioned, running

SERVICES = {
    "database": "DYNAMODB",
    "message_stream": "EVENTBRIDGE",
    "auth_provider": "COGNITO_IDENTITY_PROVIDER",
}
"""Each dependency and what its service is called in the environment."""

LIMIT_SECONDS = 2.0
AROUND_SECONDS = 1.0
"""What a busy machine may take besides."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator that nobody else uses."""
    with ministack() as emulator:
        yield emulator


@pytest.fixture(scope="module", params=SERVICES)
def line(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[tuple[str, Proxy]]:
    """One of the dependencies, and what lies between it and the API."""
    with proxy(urlsplit(emulator.url).port) as line:
        yield request.param, line


@pytest.fixture(scope="module")
def server(emulator: Emulator, line: tuple[str, Proxy]) -> Iterator[RunningServer]:
    dependency, proxy = line
    endpoint = {f"AWS_ENDPOINT_URL_{SERVICES[dependency]}": proxy.url}
    with (
        provisioned(emulator) as environment,
        running(environment | endpoint, THROTTLE="off") as server,
    ):
        yield server


@pytest.fixture
def anyone(server: RunningServer) -> Iterator[Api]:
    api = Api(server.url)
    yield api
    api.close()


def is_ready(api: Api) -> bool:
    return api.get("/health/readiness").is_success


def test_the_one_that_is_away_is_named(anyone: Api, line: tuple[str, Proxy]) -> None:
    dependency, proxy = line
    eventually(lambda: is_ready(anyone))
    proxy.refuse()
    try:
        eventually(lambda: not is_ready(anyone))
        answer = expect(anyone.get("/health/readiness"), 503)
    finally:
        proxy.restore()

    away = {name for name, state in answer["dependencies"].items() if state == "unhealthy"}
    assert away == {dependency}
    eventually(lambda: is_ready(anyone))


def test_silence_of_all_is_told_within_two_seconds(anyone: Api, emulator: Emulator) -> None:
    eventually(lambda: is_ready(anyone))
    os.kill(emulator.process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: not is_ready(anyone))
        time.sleep(1)
        started_at = time.monotonic()
        answer = expect(anyone.get("/health/readiness"), 503)
        took = time.monotonic() - started_at
    finally:
        os.kill(emulator.process.pid, signal.SIGCONT)

    assert set(answer["dependencies"].values()) == {"unhealthy"}
    assert took < LIMIT_SECONDS + AROUND_SECONDS
    eventually(lambda: is_ready(anyone))

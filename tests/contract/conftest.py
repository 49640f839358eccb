"""Runs every test of this folder over HTTP against a real server, over every backend."""

from collections.abc import Iterator

import pytest

from tests.support.servers import METRICS_TOKEN, RunningServer, running
from tests.support.stores import BackendUnderTest


@pytest.fixture(scope="session")
def server(environment: dict[str, str], workers: str) -> Iterator[RunningServer]:
    """A server of several processes where that can be, which bears a user in a hurry."""
    with running(environment, WORKERS=workers, THROTTLE_REQUESTS_PER_MINUTE="10000") as server:
        yield server


@pytest.fixture(scope="session")
def strict_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server that lets nobody do much, and tells its metrics to whoever has the token."""
    with running(
        environment,
        THROTTLE_REQUESTS_PER_MINUTE="5",
        THROTTLE_FAILURES_PER_MINUTE="3",
        METRICS_TOKEN=METRICS_TOKEN,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def proxied_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server that believes one proxy in front, and lets nobody fail often."""
    with running(
        environment,
        TRUSTED_PROXIES="1",
        ALLOW_MOCK_TOKENS="off",
        THROTTLE_FAILURES_PER_MINUTE="3",
    ) as server:
        yield server


@pytest.fixture(scope="session")
def bare_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server of one process with everything off that can be."""
    with running(
        environment,
        THROTTLE="off",
        THROTTLE_REQUESTS_PER_MINUTE="5",
        ALLOW_CLEANUP="off",
        METRICS="off",
    ) as server:
        yield server


@pytest.fixture(scope="session")
def lone_server(
    entry: BackendUnderTest,
    environment: dict[str, str],  # named so that a backend without one is left out here too
) -> Iterator[RunningServer]:
    """A server of one process on a store of its own."""
    with entry.environment() as fresh, running(fresh) as server:
        yield server

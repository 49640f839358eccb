"""What a balancer or a scraper asks, which knows a server by its address and by no name."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.servers import RunningServer, memory_environment, running

NAME = "api.example"
PROBED = ["/health/liveness", "/health/readiness", "/metrics"]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server of one name, which is found to be live by its address."""
    with (
        memory_environment() as environment,
        running(environment, ALLOWED_HOSTS=NAME, ALLOW_MOCK_TOKENS="off") as server,
    ):
        yield server


def status_of(server: RunningServer, path: str, **headers: str) -> int:
    return httpx.get(f"{server.url}{path}", headers=headers, timeout=60).status_code


@pytest.mark.parametrize("path", PROBED)
def test_the_address_is_name_enough_for_a_probe(server: RunningServer, path: str) -> None:
    assert status_of(server, path) == 200
    assert status_of(server, path, Host=NAME) == 200


def test_the_address_is_no_name_for_anyone_else(server: RunningServer) -> None:
    assert status_of(server, "/v1/cards") == 400
    assert status_of(server, "/v1/cards", Host=NAME) == 401


@pytest.mark.parametrize("path", PROBED)
def test_a_foreign_name_is_none_for_a_probe_either(server: RunningServer, path: str) -> None:
    assert status_of(server, path, Host="evil.example") == 400

"""Whose name a request may call the service by, so that no page's own name leads here."""

from collections.abc import Callable
from typing import Any

import pytest

from financial_api.settings.hosts import hosts_served
from tests.support.api import Api, error_of, expect
from tests.support.in_process import URL, in_process

LIVENESS = "/health/liveness"
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "localhost, evil.example",
    "8.8.8.8.evil.example",
]
ADDRESSES = ["8.8.8.8", "10.0.0.7:8000", "[::2]", "[2001:db8::7]:8000", "8.8.8.8:"]
PROBES = [LIVENESS, "/health/readiness", "/metrics", "/webhooks/wpp-connect/health"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8000"])
def test_where_development_tokens_are_taken_loopback_is_served(anyone: Api, host: str) -> None:
    expect(anyone.get(LIVENESS, headers={"Host": host}), 200)


def refused(api: Api, path: str, host: str) -> dict[str, Any]:
    """Return the error that a host is refused with, which belongs to no operation's answers."""
    answer = api.http.get(path, headers={"Host": host})
    assert host not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return error_of(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("host", FOREIGN)
def test_where_development_tokens_are_taken_no_other_host_is(customer: Api, host: str) -> None:
    for path in (LIVENESS, "/v1/cards", "/metrics", "/docs", "/nowhere"):
        assert "host" in refused(customer, path, host)["message"]


@pytest.mark.parametrize("host", ADDRESSES)
def test_whoever_watches_it_may_ask_it_by_an_address(customer: Api, host: str) -> None:
    """A balancer names the address that it probes; no site can have its own name be one."""
    for path in PROBES:
        assert customer.http.get(path, headers={"Host": host}).status_code == 200
    for path in ("/v1/cards", "/docs", "/nowhere", LIVENESS + "/x"):
        assert "host" in refused(customer, path, host)["message"]


@pytest.fixture
def client(opened: Callable[[Api], Api]) -> Api:
    return opened(in_process(Api(URL)))


def test_where_a_token_proves_something_any_host_is_served(client: Api, settings: Any) -> None:
    settings.ALLOWED_HOSTS = hosts_served(allow_mock_tokens=False)

    for host in ("api.example", "10.0.0.7:8000", "financial_api:8000"):
        expect(client.get(LIVENESS, headers={"Host": host}), 200)


def test_an_operator_may_name_the_hosts_that_are_served(client: Api, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["api.example"]

    expect(client.get(LIVENESS, headers={"Host": "api.example"}), 200)
    refused(client, LIVENESS, "localhost")

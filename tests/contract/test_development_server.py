"""What `make run` and `make aws` serve with: Django's server, made to bear many clients at once."""

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from accounts.development_tokens import issue
from tests.support import raw_http
from tests.support.api import Customer
from tests.support.bursts import burst
from tests.support.raw_http import request
from tests.support.repeated import REPEATED
from tests.support.servers import RunningServer, running

AT_ONCE = 512
CUSTOMERS = 8
READS = ("/health/liveness", "/v1/dashboard", "/v1/cards", "/v1/offers")


@pytest.fixture(scope="module")
def development_server(environment: dict[str, str]) -> Iterator[RunningServer]:
    with running(environment, command="runserver") as server:
        yield server


@pytest.fixture
def customers(development_server: RunningServer) -> list[str]:
    """The tokens of customers with a card each."""
    tokens = []
    for _ in range(CUSTOMERS):
        customer = Customer(development_server.url)
        customer.card()
        customer.close()
        tokens.append(issue(customer.ecosystem_id))
    return tokens


def test_as_many_as_come_at_once_are_answered(
    development_server: RunningServer, customers: list[str]
) -> None:
    asked = [
        (READS[number % len(READS)], customers[number // len(READS) % CUSTOMERS])
        for number in range(AT_ONCE)
    ]

    answers = burst(
        development_server.url,
        [request("GET", path, f"Authorization: Bearer {token}") for path, token in asked],
    )

    told = Counter(
        (path, answer[:12].decode()) for (path, _), answer in zip(asked, answers, strict=True)
    )
    assert told == {(path, "HTTP/1.1 200"): AT_ONCE // len(READS) for path in READS}


def test_it_keeps_the_connection_of_a_client(development_server: RunningServer) -> None:
    with httpx.Client(base_url=development_server.url, timeout=30) as client:
        answers = [client.get("/health/liveness") for _ in range(3)]

    streams = {answer.extensions["network_stream"] for answer in answers}
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(streams) == 1


@pytest.mark.parametrize("line", ["Foo bar: x", "X-Junk : x", "Foo", "X-J\x01: a"])
def test_a_malformed_header_hides_nothing_behind_it(
    development_server: RunningServer, line: str
) -> None:
    token = f"Authorization: Bearer {issue('user-001')}"
    sent = raw_http.request("GET", "/v1/cards", token, line, "X-Forwarded-For: 203.0.113.9")

    assert b" 400 " in raw_http.exchange(development_server.url, sent).raw.partition(b"\r\n")[0]


@pytest.mark.parametrize("length", ["x", "2x", "2, 2", "-2", "+2", ""])
def test_a_length_that_is_none_is_refused_without_a_page(
    development_server: RunningServer, length: str
) -> None:
    token = f"Authorization: Bearer {issue('user-001')}"
    sent = raw_http.request("POST", "/v1/users", token, f"Content-Length: {length}", body=b"{}")

    answer = raw_http.exchange(development_server.url, sent)

    assert (answer.status, answer.body) == (400, b"")


@pytest.mark.parametrize(("sent", "status"), REPEATED)
def test_a_header_that_comes_twice_is_not_taken_for_one_value(
    development_server: RunningServer, sent: bytes, status: int
) -> None:
    assert raw_http.exchange(development_server.url, sent).status == status


def test_a_body_need_not_name_its_type(development_server: RunningServer) -> None:
    token = f"Authorization: Bearer {issue('user-001')}"
    sent = raw_http.request("POST", "/v1/users", token, "Content-Length: 2", body=b"{}")

    assert raw_http.exchange(development_server.url, sent).status in {200, 201}


def test_it_says_what_to_try_once_it_listens(development_server: RunningServer) -> None:
    said = development_server.log.read_text()
    port = development_server.url.rpartition(":")[2]

    assert f"listens at {development_server.url} " in said
    assert f"{development_server.url}/docs" in said
    assert f"PORT={port} make walkthrough" in said
    assert "manage.py mock_token" in said

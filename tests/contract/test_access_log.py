"""A line for each request: what it says, of whom, and what no client can put into it."""

import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from financial_api.api import access_log
from financial_api.kernel import standard_error
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from tests.support.api import NOBODYS_ID, Api, Customer, eventually
from tests.support.breaking import Announcing
from tests.support.in_process import URL, in_process, nothing_cached
from tests.support.server_logs import lines_of
from tests.support.servers import RunningServer, running

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "secret-0f3a"
PHONE = "5511987654321"
ONE_PAGE = 4096
"""Bytes that a pipe holds, at the least."""

Asked = Callable[[Api, dict[str, str]], httpx.Response]

ASKED: dict[int, tuple[str, str, Asked]] = {
    200: ("GET", "/v1/cards", lambda api, sent: api.get("/v1/cards", headers=sent)),
    400: (
        "GET",
        "/v1/cards",
        lambda api, sent: api.get("/v1/cards", headers=sent, params={"type": SECRET}),
    ),
    403: (
        "GET",
        "/v1/admin/card-requests",
        lambda api, sent: api.get("/v1/admin/card-requests", headers=sent),
    ),
    404: (
        "GET",
        "/v1/cards/{cardId}",
        lambda api, sent: api.get(f"/v1/cards/{NOBODYS_ID}", headers=sent),
    ),
    405: ("DELETE", "/v1/cards", lambda api, sent: api.call("DELETE", "/v1/cards", headers=sent)),
    415: (
        "POST",
        "/v1/cards/requests",
        lambda api, sent: api.post(
            "/v1/cards/requests", content=SECRET, headers=sent | {"Content-Type": "text/plain"}
        ),
    ),
}


@pytest.fixture(scope="module")
def logging_server(environment: dict[str, str], workers: str) -> Iterator[RunningServer]:
    """A server that tells of each request, and of nothing else."""
    with running(
        environment,
        WORKERS=workers,
        LOG_FORMAT="json",
        LOG_LEVEL="CRITICAL",
        THROTTLE_FAILURES_PER_MINUTE="2",
    ) as server:
        yield server


@pytest.fixture
def customer(logging_server: RunningServer) -> Iterator[Customer]:
    customer = Customer(logging_server.url)
    yield customer
    customer.close()


@pytest.fixture
def anyone(logging_server: RunningServer) -> Iterator[Api]:
    anyone = Api(logging_server.url)
    yield anyone
    anyone.close()


def told_by(server: RunningServer) -> list[dict[str, Any]]:
    """Return what was logged of requests; granian tells of its start besides."""
    return lines_of(server, access_log.LOGGER)


def line_of(server: RunningServer, request_id: str) -> dict[str, Any]:
    """Return the one line of a request."""
    found: list[dict[str, Any]] = []

    def is_told() -> bool:
        found[:] = [line for line in told_by(server) if line["requestId"] == request_id]
        return bool(found)

    assert eventually(is_told, seconds=60)
    [line] = found
    return line


@pytest.mark.parametrize("status", ASKED)
def test_each_answer_to_somebody_leaves_a_line_that_names_them(
    logging_server: RunningServer, customer: Customer, status: int
) -> None:
    method, route, ask = ASKED[status]
    request_id = secrets.token_hex(8)
    sent = {"X-Request-ID": request_id, "traceparent": f"00-{TRACE}-{SPAN}-01"}

    assert ask(customer, sent).status_code == status

    line = line_of(logging_server, request_id)
    milliseconds = line["milliseconds"]
    assert (
        line.items()
        >= {
            "level": "INFO",
            "message": f"{method} {route} {status} {milliseconds} ms",
            "method": method,
            "route": route,
            "status": status,
            "traceId": TRACE,
            "spanId": SPAN,
        }.items()
    )
    assert 0 < milliseconds < 60_000
    assert line.get("userId") == customer.ecosystem_id
    assert SECRET not in logging_server.log.read_text()


def test_who_is_not_let_in_leaves_a_line_without_a_name(
    logging_server: RunningServer, anyone: Api
) -> None:
    ids = [secrets.token_hex(8) for _ in range(3)]
    for request_id in ids:
        anyone.get("/v1/cards", headers={"X-Request-ID": request_id})

    lines = [line_of(logging_server, request_id) for request_id in ids]
    assert [line["status"] for line in lines] == [401, 401, 429]
    assert not any("userId" in line for line in lines)


def test_a_host_that_is_not_served_leaves_a_line(
    logging_server: RunningServer, anyone: Api
) -> None:
    request_id = secrets.token_hex(8)
    anyone.get("/v1/cards", headers={"X-Request-ID": request_id, "Host": f"{SECRET}.test"})

    line = line_of(logging_server, request_id)
    assert (line["route"], line["status"]) == ("unknown", 400)
    assert SECRET not in logging_server.log.read_text()


def test_no_client_chooses_a_method_or_a_route(logging_server: RunningServer, anyone: Api) -> None:
    request_id = secrets.token_hex(8)
    answer = anyone.http.request(
        SECRET.upper(), f"/{SECRET}", params={"q": SECRET}, headers={"X-Request-ID": request_id}
    )

    assert answer.status_code == 404
    line = line_of(logging_server, request_id)
    assert (line["method"], line["route"], line["status"]) == ("unknown", "unknown", 404)
    assert SECRET not in logging_server.log.read_text().lower()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (f"call-from:+{PHONE}", "call-from:[number]"),
        (f"token={SECRET}", "token=[redacted]"),
        (f"eyJhbGciOiJ9.{SECRET}.x", "[redacted]"),
    ],
)
def test_a_request_id_confides_nothing(
    logging_server: RunningServer, anyone: Api, given: str, told: str
) -> None:
    before = len(told_by(logging_server))
    assert anyone.get("/nowhere", headers={"X-Request-ID": given}).status_code == 404

    assert eventually(lambda: len(told_by(logging_server)) > before, seconds=60)
    assert told in [line["requestId"] for line in told_by(logging_server)]
    written = logging_server.log.read_text()
    assert [value for value in (PHONE, SECRET) if value in written] == []


def test_an_ecosystem_id_that_is_a_phone_is_not_told(logging_server: RunningServer) -> None:
    request_id = secrets.token_hex(8)
    caller = Customer(logging_server.url, ecosystem_id=PHONE)
    caller.get("/v1/cards", headers={"X-Request-ID": request_id})
    caller.close()

    assert line_of(logging_server, request_id)["userId"] == "[number]"


@pytest.mark.parametrize("path", ["/health/liveness", "/health/readiness", "/metrics"])
def test_a_probe_leaves_a_line_only_when_it_fails(
    logging_server: RunningServer, anyone: Api, path: str
) -> None:
    well, failed = secrets.token_hex(8), secrets.token_hex(8)

    assert anyone.http.get(path, headers={"X-Request-ID": well}).status_code == 200
    assert anyone.http.post(path, headers={"X-Request-ID": failed}).status_code == 405

    line = line_of(logging_server, failed)
    assert (line["route"], line["status"]) == (path, 405)
    assert well not in [line["requestId"] for line in told_by(logging_server)]


def test_as_text_a_line_says_the_same(environment: dict[str, str]) -> None:
    request_id = secrets.token_hex(8)
    with running(environment, LOG_FORMAT="line") as server:
        customer = Customer(server.url)
        customer.get("/v1/cards", headers={"X-Request-ID": request_id})
        customer.close()

        assert eventually(lambda: request_id in server.log.read_text(), seconds=60)
        [line] = [each for each in server.log.read_text().splitlines() if request_id in each]

    said = line.partition(f" INFO {access_log.LOGGER} ")[2].split()
    assert said[:3] == ["GET", "/v1/cards", "200"]
    assert said[4:] == ["ms", f"requestId={request_id}", f"userId={customer.ecosystem_id}"]


def test_it_can_be_off(environment: dict[str, str]) -> None:
    with running(environment, ACCESS_LOG="off", LOG_LEVEL="DEBUG") as server:
        anyone = Api(server.url)
        anyone.get("/nowhere")
        anyone.close()
        server.stop()

        assert access_log.LOGGER not in server.log.read_text()


def test_an_answer_that_the_store_could_not_give_leaves_a_line(
    backend: PersistenceBackend,
    no_relay: None,
    opened: Callable[[Api], Api],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(step: str) -> None:
        if step == "before commit":
            raise BackendUnavailable("the store is away")

    customer = in_process(Customer(URL))
    opened(customer)
    caplog.set_level(logging.INFO, access_log.LOGGER)

    with nothing_cached(), persistence.use(Announcing(backend, away)):
        customer.post("/v1/users", {}, key="")
    standard_error.write_all()

    messages = [each.getMessage() for each in caplog.records if each.name == access_log.LOGGER]
    assert messages[-1].startswith("POST /v1/users 503 ")


def test_requests_are_answered_whether_or_not_anybody_reads(environment: dict[str, str]) -> None:
    reads, writes = os.pipe()
    fcntl.fcntl(reads, fcntl.F_SETPIPE_SZ, ONE_PAGE)
    with os.fdopen(writes, "wb") as output, running(environment, output=output) as server:
        anyone = Api(server.url)
        for _ in range(100):
            assert anyone.get("/nowhere").status_code == 404
        os.close(reads)
        for _ in range(100):
            assert anyone.get("/nowhere").status_code == 404
        anyone.close()

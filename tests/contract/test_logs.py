"""What a server writes while it answers: JSON alone, and nothing confidential."""

import logging
from collections.abc import Callable, Iterator, Mapping

import pytest

from financial_api.kernel import log_context
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.breaking import Announcing
from tests.support.in_process import URL, in_process, nothing_cached
from tests.support.server_logs import lines_of
from tests.support.servers import RunningServer, running

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
EVERY_LINE = {"timestamp", "level", "logger", "message", "process"}
MERCHANT = "merchant-9c41"
QUERY = "query-5b1e"
KEY = "key-0d83"
BAD_TOKEN = "bad-token-77aa"
SECRET_KEY = "secret-key-31c0-of-this-server-alone"
METRICS_TOKEN = "metrics-token-90ab"
CONFIDENTIAL = (MERCHANT, QUERY, KEY, BAD_TOKEN, SECRET_KEY, METRICS_TOKEN)


@pytest.fixture(scope="module")
def telling(environment: dict[str, str], workers: str) -> Iterator[RunningServer]:
    """A server that tells all it can."""
    with running(
        environment,
        WORKERS=workers,
        LOG_FORMAT="json",
        LOG_LEVEL="DEBUG",
        SECRET_KEY=SECRET_KEY,
        METRICS_TOKEN=METRICS_TOKEN,
    ) as server:
        yield server


def test_every_line_is_an_object_and_none_holds_what_clients_confide(
    telling: RunningServer, opened: Callable[[Api], Api]
) -> None:
    customer, admin, nobody = (
        Customer(telling.url),
        Admin(telling.url),
        Api(telling.url, BAD_TOKEN),
    )
    tokens = []
    for client in (customer, admin, nobody):
        opened(client)
        tokens.append(client.http.headers["Authorization"].removeprefix("Bearer "))
    purchases = f"/v1/cards/{customer.card()}/transactions/purchases"
    bought = {"amount": 10, "merchant": MERCHANT}
    expect(customer.post(purchases, bought, key=KEY), 201)
    expect(customer.post(purchases, {**bought, "amount": "no"}, key=KEY), 400)
    expect(customer.get("/v1/cards", params={"type": QUERY}), 400)
    expect(nobody.get("/v1/dashboard"), 401)
    expect(nobody.get("/nowhere", params={"token": QUERY}), 404)
    expect(admin.set_score(customer, 700), 200)
    scraped = nobody.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert scraped.status_code == 200

    telling.stop()

    lines = lines_of(telling)
    assert any(line["logger"] == "_granian" for line in lines)
    assert all(line.keys() >= EVERY_LINE for line in lines)
    written = telling.log.read_text()
    assert [value for value in (*CONFIDENTIAL, *tokens) if value in written] == []


class Noting(logging.Handler):
    """Writes down the fields that the lines it is given would have."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Mapping[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.noted.append(log_context.current())


@pytest.fixture
def noting() -> Iterator[Noting]:
    handler, logger = Noting(), logging.getLogger("financial_api.api.responses")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_line_within_a_request_names_it_its_trace_and_its_caller(
    backend: PersistenceBackend, opened: Callable[[Api], Api], noting: Noting
) -> None:
    def away(step: str) -> None:
        if step == "before commit":
            raise BackendUnavailable("the store is away")

    customer = in_process(Customer(URL))
    opened(customer)
    headers = {"X-Request-ID": "request-1", "traceparent": f"00-{TRACE}-{SPAN}-01"}

    with nothing_cached(), persistence.use(Announcing(backend, away)):
        refused = customer.post("/v1/users", {}, key="", headers=headers)

    error_of(refused, 503, "SERVICE_UNAVAILABLE")
    assert noting.noted == [
        {
            "requestId": "request-1",
            "traceId": TRACE,
            "spanId": SPAN,
            "userId": customer.ecosystem_id,
        }
    ]
    assert log_context.current() == {}

"""/metrics: sums over all processes, under names no client can choose, for those who may know."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.api import Api, Customer, error_of, eventually
from tests.support.forwarded import FORWARDED
from tests.support.servers import METRICS_TOKEN, RunningServer, running

REQUESTS = 40

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def folder(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of one server count, for each backend another."""
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def counting(environment: dict[str, str], workers: str, folder: Path) -> Iterator[RunningServer]:
    """A server that counts for itself alone."""
    with running(environment, WORKERS=workers, METRICS_DIR=str(folder)) as server:
        yield server


@pytest.fixture
def guarded(strict_server: RunningServer) -> RunningServer:
    """A server that asks for a token."""
    return strict_server


@pytest.fixture
def silent(bare_server: RunningServer) -> RunningServer:
    return bare_server


def scrape(server: RunningServer, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}/metrics", headers=headers, timeout=30)


def samples_of(server: RunningServer) -> Samples:
    answer = scrape(server)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(
    samples: Samples, method: str, route: str, status: int, kind: str = "s_total"
) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return samples.get((f"financial_api_request{kind}", frozenset(labels.items())), 0)


def refused(answer: httpx.Response) -> None:
    """Fail unless it is as if there were no such route."""
    error = error_of(answer, 404, "NOT_FOUND")
    assert error["message"] == "There is no such route."


def test_requests_add_up_over_all_processes(counting: RunningServer) -> None:
    before = samples_of(counting)

    def ask(_: int) -> None:
        with httpx.Client(base_url=counting.url, timeout=30) as fresh_connection:
            assert fresh_connection.get("/health/liveness").is_success

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(REQUESTS)))
    after = samples_of(counting)

    for kind in ("s_total", "_seconds_count"):
        liveness = ("GET", "/health/liveness", 200, kind)
        assert requests(after, *liveness) - requests(before, *liveness) == REQUESTS


def test_every_process_counts(counting: RunningServer, workers: str, folder: Path) -> None:
    def processes() -> int:
        for _ in range(8):
            assert httpx.get(f"{counting.url}/health/liveness", timeout=30).is_success
        return len(list(folder.glob("histogram_*.db")))

    eventually(lambda: processes() == int(workers))


def test_routes_are_templates_and_no_path_is_told(counting: RunningServer) -> None:
    with httpx.Client(base_url=counting.url, timeout=30) as anyone:
        before = samples_of(counting)
        anyone.get("/v1/cards/a-card-of-somebody")
        anyone.get("/nowhere/secret-path?token=secret-token")
        anyone.request("SECRETVERB", "/health/liveness")
        after = samples_of(counting)

    def more(method: str, route: str, status: int) -> float:
        return requests(after, method, route, status) - requests(before, method, route, status)

    assert more("GET", "/v1/cards/{cardId}", 401) == 1
    assert more("GET", "unknown", 404) == 1
    assert more("unknown", "/health/liveness", 405) == 1
    text = scrape(counting).text.lower()
    assert "secret" not in text
    assert "a-card-of-somebody" not in text


def test_events_that_go_out_are_counted_and_the_outbox_is_measured(
    counting: RunningServer,
) -> None:
    def sent() -> float:
        outcome = frozenset({("outcome", "sent")})
        return samples_of(counting)["financial_api_outbox_events_total", outcome]

    def more_were_sent() -> bool:
        """Make an event; another server of this store may come first, and count it instead."""
        customer = Customer(counting.url)
        try:
            customer.register()
        finally:
            customer.close()
        return sent() > before

    before = sent()
    eventually(more_were_sent)
    samples = samples_of(counting)
    assert samples["financial_api_outbox_publish_seconds_count", frozenset()] >= 1
    for name in ("financial_api_outbox_depth", "financial_api_outbox_oldest_seconds"):
        shards = [labels for found, labels in samples if found == name]
        assert len(shards) == 8
    for outcome in ("failed", "dead_lettered"):
        labels = frozenset({("outcome", outcome)})
        assert samples["financial_api_outbox_events_total", labels] == 0
    assert ("financial_api_commit_conflicts_total", frozenset()) in samples


@pytest.mark.parametrize("added", FORWARDED.values(), ids=FORWARDED)
def test_what_a_proxy_passes_on_is_not_from_this_machine(
    counting: RunningServer, added: dict[str, str]
) -> None:
    assert scrape(counting).status_code == 200
    refused(scrape(counting, **added))


def test_a_token_lets_one_in_from_anywhere(guarded: RunningServer) -> None:
    answer = scrape(
        guarded, **{"Authorization": f"Bearer {METRICS_TOKEN}", "X-Forwarded-For": "203.0.113.9"}
    )

    assert answer.status_code == 200
    assert "financial_api_requests_total" in answer.text


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        METRICS_TOKEN,
        "Bearer",
        "Basic x",
        f"Bearer {METRICS_TOKEN}x",
        f"Bearer {METRICS_TOKEN[:-1]}",
        "Bearer é",
    ],
)
def test_without_the_token_there_is_no_such_route(
    guarded: RunningServer, given: str | None
) -> None:
    headers = {} if given is None else {"Authorization": given.encode()}
    refused(httpx.get(f"{guarded.url}/metrics", headers=headers, timeout=30))


def test_it_can_be_off(silent: RunningServer) -> None:
    refused(scrape(silent))


def test_those_who_may_not_read_learn_nothing_from_another_method(
    silent: RunningServer, counting: RunningServer
) -> None:
    refused(httpx.post(f"{silent.url}/metrics", timeout=30))
    error_of(httpx.post(f"{counting.url}/metrics", timeout=30), 405, "METHOD_NOT_ALLOWED")


def test_it_is_no_part_of_the_api(counting: RunningServer) -> None:
    anyone = Api(counting.url)
    try:
        assert "/metrics" not in anyone.get("/openapi.yaml").raise_for_status().text
    finally:
        anyone.close()

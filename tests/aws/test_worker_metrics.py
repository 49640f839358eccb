"""A worker beside the API: its counts in the API's /metrics, and its lines as JSON."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.api import Customer, eventually
from tests.support.emulators import Emulator
from tests.support.servers import RunningServer, provisioned, running
from tests.support.workers import Worker, working


@pytest.fixture(scope="module")
def pair(
    aws: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, Worker]]:
    """An API, whose processes drain nothing themselves, and a worker that counts beside it."""
    together = {"METRICS_DIR": str(tmp_path_factory.mktemp("metrics")), "LOG_LEVEL": "INFO"}
    with provisioned(aws) as given:
        environment = given | together
        environment.pop("CELERY_BROKER_URL", None)
        with (
            running(environment) as server,
            working(environment, processes=2) as worker,
        ):
            yield server, worker


def sent(server: RunningServer) -> float:
    text = httpx.get(f"{server.url}/metrics", timeout=30).raise_for_status().text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "financial_api_outbox_events_total"
        and sample.labels == {"outcome": "sent"}
    )


def logged(worker: Worker) -> list[dict[str, Any]]:
    """Return what follows Celery's banner, while it runs."""
    lines = worker.log.read_text().splitlines()
    after_the_banner = itertools.dropwhile(lambda line: not line.startswith("{"), lines)
    return [json.loads(line) for line in after_the_banner]


def test_what_a_worker_sends_is_in_the_metrics_of_the_api(
    pair: tuple[RunningServer, Worker],
) -> None:
    server, worker = pair
    customer = Customer(server.url)
    try:
        customer.register()
    finally:
        customer.close()

    eventually(lambda: sent(server) == 1)

    done = eventually(lambda: [line for line in logged(worker) if "taskId" in line])
    assert {line["taskName"] for line in done} == {"outbox.drain"}

"""The instruments: what they add up, over processes that share a directory."""

import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from financial_api.api.access_log import _template
from financial_api.kernel import metrics
from financial_api.kernel.metrics import Gauge
from financial_api.urls import urlpatterns
from tests.support.fork_server import FORK_SERVER

COUNT = """
import sys
from pathlib import Path
from financial_api.kernel import metrics
metrics.share(Path(sys.argv[1]))
metrics.count_request("GET", "/v1/cards", 200, 0.003)
metrics.count_request("GET", "/v1/cards", 200, 0.3)
metrics.count_conflict()
metrics.count_sent(2.0)
metrics.count_event(metrics.EventOutcome.DEAD_LETTERED)
metrics.count_notification(metrics.NotificationOutcome.FAILED)
"""
SUM = """
import sys
from pathlib import Path
from financial_api.kernel import metrics
metrics.share(Path(sys.argv[1]))
sys.stdout.buffer.write(metrics.exposition([]))
"""
AT_ONCE = """
import sys, threading
from pathlib import Path
from financial_api.kernel import metrics
sys.setswitchinterval(1e-6)
metrics.share(Path(sys.argv[1]))
start = threading.Barrier(16)
def count():
    start.wait()
    for _ in range(20):
        metrics.count_conflict()
threads = [threading.Thread(target=count) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.stdout.buffer.write(metrics.exposition([]))
"""
FORK = """
import os, sys
from pathlib import Path
from financial_api.kernel import metrics
metrics.share(Path(sys.argv[1]))
metrics.count_conflict()
for _ in range(2):
    if not os.fork():
        metrics.count_conflict()
        os._exit(0)
    os.wait()
metrics.count_conflict()
sys.stdout.buffer.write(metrics.exposition([]))
"""
ALONE = """
import logging, sys
from pathlib import Path
from financial_api.kernel import metrics
logging.basicConfig(format="%(message)s")
folder = Path(sys.argv[1], "a-file", "metrics")
folder.parent.touch()
shared = [metrics.share(folder), metrics.share(folder)]
metrics.count_conflict()
assert shared == [False, False], shared
sys.stdout.buffer.write(metrics.exposition([]))
"""


def run(script: str, folder: Path) -> str:
    done = FORK_SERVER.run(("-c", script, str(folder)), os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def samples_of(text: str) -> dict[tuple[str, ...], float]:
    """Return samples by name and label values, in the order of the labels' names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_nothing_is_lost_of_what_many_threads_count_first(tmp_path: Path) -> None:
    assert samples_of(run(AT_ONCE, tmp_path))["financial_api_commit_conflicts_total",] == 16 * 20


def test_processes_that_share_a_directory_are_summed_up(tmp_path: Path) -> None:
    for _ in range(3):
        run(COUNT, tmp_path)

    found = samples_of(run(SUM, tmp_path))

    request = ("GET", "/v1/cards", "200")
    assert found["financial_api_requests_total", *request] == 6
    assert found["financial_api_request_seconds_count", *request] == 6
    assert found["financial_api_request_seconds_bucket", "0.005", *request] == 3
    assert found["financial_api_request_seconds_bucket", "+Inf", *request] == 6
    assert found["financial_api_commit_conflicts_total",] == 3
    assert found["financial_api_outbox_events_total", "sent"] == 3
    assert found["financial_api_outbox_events_total", "failed"] == 0
    assert found["financial_api_outbox_events_total", "dead_lettered"] == 3
    assert found["financial_api_outbox_publish_seconds_sum",] == 6
    assert found["financial_api_notifications_total", "failed"] == 3
    assert found["financial_api_notifications_total", "dead_lettered"] == 0


def test_a_fork_counts_for_itself(tmp_path: Path) -> None:
    assert samples_of(run(FORK, tmp_path))["financial_api_commit_conflicts_total",] == 4


def test_where_no_file_can_be_made_each_counts_for_itself_and_says_so_once(tmp_path: Path) -> None:
    done = FORK_SERVER.run(("-c", ALONE, str(tmp_path)), os.environ)

    folder = tmp_path / "a-file" / "metrics"
    assert done.stderr == f"metrics are not shared between processes: {folder} cannot be written\n"
    assert samples_of(done.stdout)["financial_api_commit_conflicts_total",] == 1


def test_the_dead_are_forgotten_and_the_living_are_not(tmp_path: Path) -> None:
    run(COUNT, tmp_path)
    dead = set(tmp_path.iterdir())
    alive = tmp_path / f"counter_{os.getpid()}.db"
    alive.touch()
    other = tmp_path / "README"
    other.touch()

    metrics.forget_the_dead(tmp_path)

    assert dead
    assert set(tmp_path.iterdir()) == {alive, other}


def test_there_is_nothing_to_forget_before_the_first_start(tmp_path: Path) -> None:
    metrics.forget_the_dead(tmp_path / "none")


def test_gauges_are_shown_as_they_are_given() -> None:
    gauge = Gauge("depth", "How deep.", [("0", 3.0), ("1", 0.0)], label="shard")

    shown = samples_of(metrics.exposition([gauge]).decode())

    assert shown["depth", "0"] == 3
    assert shown["depth", "1"] == 0


def test_routes_are_named_as_the_document_names_them() -> None:
    assert _template("v1/cards/<str:cardId>/transactions") == "/v1/cards/{cardId}/transactions"
    assert _template("health/liveness") == "/health/liveness"
    assert _template("") == "unknown"
    assert urlpatterns[-1].pattern.regex.pattern == ""


@pytest.mark.parametrize("given", [{"METRICS": "everyone"}, {"METRICS": "token"}])
def test_who_may_read_must_be_said_clearly(given: dict[str, str]) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "financial_api.settings.memory"} | given

    ended = FORK_SERVER.run(("manage.py", "check"), environment)

    assert ended.returncode
    assert f"METRICS is {given['METRICS']}".replace("'", "") in ended.stderr.replace("'", "")

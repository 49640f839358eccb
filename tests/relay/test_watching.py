"""What the relay and the edge tell whoever watches: counts, log fields, the backlog."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from financial_api.api import health
from financial_api.api import metrics as scraping
from financial_api.kernel import clock, log_context, metrics
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event, EventType
from outbox.subscribers import subscribe, unsubscribe
from tests.support.breaking import Announcing
from tests.support.builders import SHARDS
from tests.support.customers import Customer
from tests.support.interleaving import Interleaving
from tests.support.relays import MovingClock, PromptRelay, a_chain
from tests.support.store import Store
from tests.support.storing import store as store_rows
from tests.support.transport import Transport

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HOUR = 3600.0


@pytest.fixture(autouse=True)
def asking(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[None]:
    """Have the edge ask the store in threads that let go of it, with nothing known yet."""
    scraping._backlogs.forget(None)
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(health, "_asking", pool)
        yield
        pool.submit(store.leave_thread).result()
    scraping._backlogs.settle()


@pytest.fixture
def lines() -> Iterator[list[tuple[str, Mapping[str, object]]]]:
    """What the relay logs: each message, and the fields its line would have."""
    logged: list[tuple[str, Mapping[str, object]]] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append((record.getMessage(), log_context.current()))

    handler = Noting()
    logger = logging.getLogger("outbox.relay")
    logger.addHandler(handler)
    yield logged
    logger.removeHandler(handler)


@pytest.fixture
def failing() -> Iterator[list[Mapping[str, object]]]:
    """A subscriber that always fails, and the fields that a line of its own would have had."""
    called: list[Mapping[str, object]] = []

    @subscribe("failing", EventType.USER_CREATED)
    def fail(event: Event) -> None:
        called.append(log_context.current())
        raise ValueError("no")

    yield called
    unsubscribe("failing")


def counted(name: str, **labels: str) -> float:
    """Return a count of this process; it may hold what other tests counted."""
    for family in text_string_to_metric_families(metrics.exposition([]).decode()):
        for sample in family.samples:
            if sample.name == f"financial_api_{name}" and sample.labels == labels:
                return sample.value
    raise AssertionError(f"there is no {name} {labels}")


def outcomes() -> dict[str, float]:
    names = ("sent", "failed", "dead_lettered")
    return {name: counted("outbox_events_total", outcome=name) for name in names}


def test_what_becomes_of_events_is_counted(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    later: Callable[[float], int],
) -> None:
    good, bad = a_chain("card-001", 1)[0], a_chain("card-002", 1)[0]
    store_rows(backend, good, bad)
    transport.rejected = {bad.event_id}
    before = outcomes()
    sent, seconds = counted("outbox_publish_seconds_count"), counted("outbox_publish_seconds_sum")

    relay.drain()
    for wait in (10, 20, 40, 80, 160):
        later(wait)

    after = outcomes()
    assert {name: after[name] - before[name] for name in after} == {
        "sent": 1,
        "failed": 5,
        "dead_lettered": 1,
    }
    assert counted("outbox_publish_seconds_count") - sent == 1
    assert counted("outbox_publish_seconds_sum") - seconds == pytest.approx(HOUR - 1, abs=1)


def test_an_outage_counts_as_no_failure(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    store_rows(backend, *a_chain("card-001", 2))
    transport.is_away = True
    before = outcomes()

    relay.drain()

    assert outcomes() == before


def test_what_concerns_an_event_is_logged_under_its_trace(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    later: Callable[[float], int],
    failing: list[Mapping[str, object]],
    lines: list[tuple[str, Mapping[str, object]]],
) -> None:
    (event,) = a_chain("card-001", 1, traceparent=f"00-{TRACE}-{SPAN}-01")
    store_rows(backend, event)

    relay.drain()
    for wait in (10, 20, 40, 80, 160):
        later(wait)

    known = {
        "shard": event.shard,
        "eventId": event.event_id,
        "eventType": event.event_type.value,
        "traceId": TRACE,
        "spanId": SPAN,
    }
    assert failing == [known] * 6
    assert [fields for _, fields in lines] == [known] * 7
    assert "dead-lettered" in lines[-1][0]
    assert log_context.current() == {}


def test_what_concerns_a_shard_is_logged_with_it(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    lines: list[tuple[str, Mapping[str, object]]],
) -> None:
    (event,) = a_chain("card-001", 1)
    store_rows(backend, event)
    transport.is_away = True

    relay.drain(1)

    assert lines
    assert all(fields == {"shard": event.shard} for _, fields in lines)


def test_readiness_warns_of_an_old_event_and_of_no_young_one(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    five_minutes = timedelta(minutes=5)
    (young,) = a_chain("card-001", 1, created_at=clock.now() - five_minutes)
    store_rows(backend, young)
    assert health.readiness().warnings == []

    time.sleep(60)

    (warning,) = health.readiness().warnings
    assert warning == "outbox_backlog: the oldest unsent event is 6 minutes old"


def test_the_outbox_is_measured_by_shard(backend: PersistenceBackend, time: MovingClock) -> None:
    chain = a_chain("card-001", 3, created_at=clock.now() - timedelta(seconds=90))
    store_rows(backend, *chain)

    depth, oldest = scraping._gauges(scraping._latest())

    shard = str(chain[0].shard)
    assert len(depth.samples) == len(oldest.samples) == SHARDS
    assert {name: value for name, value in depth.samples if value} == {shard: 3}
    assert {name: value for name, value in oldest.samples if value} == {shard: 90}


def test_the_outbox_is_asked_once_in_five_seconds(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    asked: list[str] = []
    with persistence.use(Announcing(backend, asked.append)):
        for _ in range(3):
            scraping._latest()
        assert asked.count("before outbox.backlog") == SHARDS
        time.sleep(5)
        scraping._latest()

    assert asked.count("before outbox.backlog") == 2 * SHARDS


def test_an_outbox_that_does_not_answer_is_left_out(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    asked: list[str] = []

    def away(step: str) -> None:
        asked.append(step)
        raise BackendUnavailable("the store is away")

    with persistence.use(Announcing(backend, away)):
        assert [scraping._gauges(scraping._latest()) for _ in range(3)] == [[]] * 3

    assert len(asked) == 1


def test_a_commit_that_lost_is_counted(interleaving: Interleaving, time: MovingClock) -> None:
    winner, loser = Customer("user-001"), Customer("user-001")
    interleaving.before_commit(winner.register)
    before = counted("commit_conflicts_total")

    loser.register()

    assert counted("commit_conflicts_total") - before == 1

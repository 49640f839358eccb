"""The relay takes what the outbox holds to AWS, and to the subscribers in the process."""

from collections.abc import Iterator

import pytest

from financial_api.kernel import clock
from infra_backends import events, persistence
from infra_backends.events.eventbridge import Backend as EventBridge
from infra_backends.events.fifo import Backend as Fifo
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.memory.backend import Backend as MemoryBackend
from outbox.entities import Event, EventType
from outbox.subscribers import subscribe, unsubscribe
from tests.support.builders import SHARDS
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.ports import free_port
from tests.support.queues import bodies, client, receive
from tests.support.relays import LATER, MovingClock, PromptRelay, a_chain, current, statuses
from tests.support.storing import store


@pytest.fixture(autouse=True)
def _time() -> Iterator[None]:
    with clock.installed(MovingClock(LATER)):
        yield


@pytest.fixture
def outbox() -> Iterator[PersistenceBackend]:
    with persistence.use(MemoryBackend(outbox_shards=SHARDS)) as backend:
        yield backend


@pytest.fixture
def had() -> Iterator[list[str]]:
    """The ids of the events that a subscriber had."""
    ids: list[str] = []

    @subscribe("writes-down", EventType.USER_CREATED)
    def writes_down(event: Event) -> None:
        ids.append(event.event_id)

    yield ids
    unsubscribe("writes-down")


def test_a_drain_goes_to_a_queue_in_order_and_to_subscribers(
    aws: Emulator, outbox: PersistenceBackend, had: list[str]
) -> None:
    chains = [a_chain(f"card-{number}", 4) for number in range(3)]
    store(outbox, *(event for chain in chains for event in chain))
    name = new_name(".fifo")
    backend = Fifo(region=REGION, queue=name, endpoint_url=aws.url_of("sqs"))
    with client("sqs", aws) as sqs, events.use(backend):
        url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
        assert PromptRelay().drain() == 12
        details = [body["detail"] for body in bodies(receive(sqs, url, 12))]
    backend.close()

    for chain in chains:
        ids = [event.event_id for event in chain]
        assert [each["eventId"] for each in details if each["eventId"] in ids] == ids
        assert [event_id for event_id in had if event_id in ids] == ids


def test_a_drain_goes_to_a_bus_and_to_subscribers(
    aws: Emulator, outbox: PersistenceBackend, had: list[str]
) -> None:
    chain = a_chain("card-001", 3)
    store(outbox, *chain)
    name = new_name()
    backend = EventBridge(region=REGION, bus=name, endpoint_url=aws.url_of("events"))
    with client("events", aws) as bus, events.use(backend):
        bus.create_event_bus(Name=name)
        assert PromptRelay().drain() == 3
    backend.close()

    assert statuses(chain) == ["sent"] * 3
    assert had == [event.event_id for event in chain]


def test_an_event_that_is_too_large_is_retried_later_and_holds_up_no_other(
    aws: Emulator, outbox: PersistenceBackend
) -> None:
    (small,) = a_chain("card-001", 1)
    (large,) = a_chain("card-002", 1, payload={"text": "x" * 300_000})
    store(outbox, small, large)
    name = new_name(".fifo")
    backend = Fifo(region=REGION, queue=name, endpoint_url=aws.url_of("sqs"))
    with client("sqs", aws) as sqs, events.use(backend):
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
        assert PromptRelay().drain() == 1
    backend.close()

    assert statuses([small, large]) == ["sent", "failed"]
    (failed,) = current([large])
    assert failed.last_error is not None
    assert failed.last_error.startswith("EntryTooLarge")


def test_an_outage_counts_against_no_event_and_reaches_no_subscriber(
    aws: Emulator, outbox: PersistenceBackend, had: list[str]
) -> None:
    chain = a_chain("card-001", 2)
    store(outbox, *chain)
    backend = EventBridge(region=REGION, bus="away", endpoint_url=f"http://127.0.0.1:{free_port()}")
    with events.use(backend):
        assert PromptRelay().drain(seconds=0.5) == 0
    backend.close()

    assert [event.retry_count for event in current(chain)] == [0, 0]
    assert statuses(chain) == ["pending", "pending"]
    assert had == []

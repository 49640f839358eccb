"""Events on an SQS FIFO queue: each once, in order for each entity."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from infra_backends.events.fifo import Backend
from infra_backends.exceptions import BackendUnavailable
from outbox.entities import EntityType, Event, EventType
from tests.support.builders import TEXT, an_event
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.queues import bodies, client, receive

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass(frozen=True)
class Queue:
    name: str
    sqs: Any
    url: str

    def received(self, count: int) -> list[dict[str, Any]]:
        return receive(self.sqs, self.url, count)


@pytest.fixture
def queue(aws: Emulator) -> Iterator[Queue]:
    name = new_name(".fifo")
    with client("sqs", aws) as sqs:
        yield Queue(name, sqs, create(sqs, name))


@pytest.fixture
def backend(aws: Emulator, queue: Queue) -> Iterator[Backend]:
    backend = Backend(region=REGION, queue=queue.name, endpoint_url=aws.url_of("sqs"))
    yield backend
    backend.close()


def create(sqs: Any, name: str) -> str:
    return sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]


def of_card(card_id: str, number: int) -> Event:
    return an_event(number, entity=(EntityType.CARD, card_id))


def groups_of(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Attributes"]["MessageGroupId"] for message in messages]


def test_a_message_reads_as_one_that_a_bus_hands_on(backend: Backend, queue: Queue) -> None:
    event = an_event(
        event_type=EventType.TRANSACTION_PAYMENT,
        traceparent=TRACEPARENT,
        payload={"amount": Decimal("12.50"), "merchant": TEXT},
    )

    assert backend.publish([event]) == [None]

    messages = queue.received(1)
    (body,) = bodies(messages)
    detail = body.pop("detail")
    assert body == {
        "version": "0",
        "id": event.event_id,
        "detail-type": "transaction.payment",
        "source": "acme.financial-api",
        "time": "2026-03-01T12:30:15Z",
        "region": REGION,
        "resources": [],
    }
    assert detail["eventId"] == event.event_id
    assert detail["payload"] == {"amount": Decimal("12.50"), "merchant": TEXT}
    assert "previousEventId" not in detail
    attributes = messages[0]["MessageAttributes"]
    assert attributes["traceparent"]["StringValue"] == TRACEPARENT
    assert groups_of(messages) == ["user#user-001"]


def test_an_event_published_twice_arrives_once(backend: Backend, queue: Queue) -> None:
    event = of_card("card-001", 1)

    assert backend.publish([event]) == backend.publish([event]) == [None]

    assert [body["id"] for body in bodies(queue.received(1))] == [event.event_id]


def test_each_entity_arrives_in_order(backend: Backend, queue: Queue) -> None:
    cards = [f"card-{number}" for number in range(5)]
    for number in range(1, 7):
        backend.publish([of_card(card, number) for card in cards])

    details = [body["detail"] for body in bodies(queue.received(30))]
    for card in cards:
        numbers = [each["sequenceNumber"] for each in details if each["entityId"] == card]
        assert numbers == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("odd", ["x" * 124, "naïve", "two words", "line\nbreak"])
def test_an_entity_that_is_no_group_is_one_by_its_hash(
    backend: Backend, queue: Queue, odd: str
) -> None:
    events = [of_card(odd, 1), of_card("card-001", 1), of_card(odd + "2", 1)]
    assert backend.publish(events) == [None] * 3
    assert backend.publish([of_card(odd, 2)]) == [None]

    messages = queue.received(4)
    groups = dict.fromkeys(groups_of(messages))
    assert len(groups) == 3
    assert "card#card-001" in groups
    assert all(len(group) == 64 for group in groups if group != "card#card-001")


def test_characters_that_the_service_refuses_arrive_all_the_same(
    backend: Backend, queue: Queue
) -> None:
    payload = {"merchant": "\ufffe, \uffff, \t and \x00"}

    assert backend.publish([an_event(payload=payload)]) == [None]

    (message,) = queue.received(1)
    assert not {"\ufffe", "\uffff", "\t", "\x00"} & set(message["Body"])
    assert bodies([message])[0]["detail"]["payload"] == payload


def test_a_queue_that_was_made_again_is_found_again(backend: Backend, queue: Queue) -> None:
    backend.publish([of_card("card-001", 1)])
    queue.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(BackendUnavailable, match=r"NonExistentQueue|QueueDoesNotExist"):
        backend.publish([of_card("card-001", 2)])
    create(queue.sqs, queue.name)

    assert backend.publish([of_card("card-001", 3)]) == [None]
    assert [body["detail"]["sequenceNumber"] for body in bodies(queue.received(1))] == [3]


def test_a_queue_answers_a_ping(backend: Backend) -> None:
    backend.ping()


def test_a_missing_queue_is_told_by_a_ping(aws: Emulator) -> None:
    backend = Backend(region=REGION, queue="no-such-queue.fifo", endpoint_url=aws.url_of("sqs"))
    with pytest.raises(BackendUnavailable, match=r"NonExistentQueue|QueueDoesNotExist"):
        backend.ping()
    backend.close()

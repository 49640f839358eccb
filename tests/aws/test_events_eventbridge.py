"""Events on an EventBridge bus, received from the queue that a rule sends them to."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from financial_api.kernel.clock import iso
from infra_backends.aws.names import EVENT_SOURCE
from infra_backends.events.eventbridge import Backend
from infra_backends.exceptions import BackendUnavailable
from outbox.entities import EntityType, Event, EventType
from tests.support.answering import Answer, Answering, Request, answering
from tests.support.builders import MOMENT, TEXT, an_event, an_id
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.queues import bodies, client, receive

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"


@dataclass(frozen=True)
class Bus:
    name: str
    sqs: Any
    queue_url: str

    def received(self, count: int) -> list[dict[str, Any]]:
        return bodies(receive(self.sqs, self.queue_url, count))


@pytest.fixture
def bus(aws: Emulator, delivering: None) -> Iterator[Bus]:
    """A bus whose rule sends what comes from this service to a queue."""
    name = new_name()
    with client("events", aws) as events, client("sqs", aws) as sqs:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue_arn = attributes["Attributes"]["QueueArn"]
        events.create_event_bus(Name=name)
        rule_arn = events.put_rule(
            Name=name, EventBusName=name, EventPattern=json.dumps({"source": [EVENT_SOURCE]})
        )["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        target = {"Id": "queue", "Arn": queue_arn}
        events.put_targets(Rule=name, EventBusName=name, Targets=[target])
        yield Bus(name, sqs, url)


@pytest.fixture
def backend(aws: Emulator, bus: Bus) -> Iterator[Backend]:
    backend = Backend(region=REGION, bus=bus.name, endpoint_url=aws.url_of("events"))
    yield backend
    backend.close()


def test_events_arrive_with_all_that_consumers_are_told(backend: Backend, bus: Bus) -> None:
    event = an_event(
        7,
        entity=(EntityType.CARD, "card-001"),
        event_type=EventType.TRANSACTION_PURCHASE,
        previous_event_id=an_id(6),
        traceparent=f"{TRACE}01",
        payload={"amount": Decimal("12.50"), "merchant": TEXT},
        status="failed",
        last_error="not for consumers",
    )

    assert backend.publish([event]) == [None]

    (message,) = bus.received(1)
    assert message["detail-type"] == "transaction.purchase"
    assert message["source"] == "acme.financial-api"
    assert message["detail"] == {
        "eventId": event.event_id,
        "eventType": "transaction.purchase",
        "entityType": "card",
        "entityId": "card-001",
        "ecosystemId": "user-001",
        "sequenceNumber": 7,
        "previousEventId": an_id(6),
        "payload": {"amount": Decimal("12.50"), "merchant": TEXT},
        "createdAt": iso(MOMENT),
        "traceparent": f"{TRACE}01",
    }


def test_ten_events_arrive_once_each(backend: Backend, bus: Bus) -> None:
    events = [an_event(entity=(EntityType.USER, f"user-{number}")) for number in range(10)]

    assert backend.publish(events) == [None] * 10

    arrived = sorted(message["detail"]["eventId"] for message in bus.received(10))
    assert arrived == sorted(event.event_id for event in events)


@pytest.fixture
def recording(aws: Emulator) -> Iterator[Answering]:
    """A service that takes everything; `aws` is here for its credentials."""

    def accept(operation: str, request: Request) -> Answer:
        taken = [{"EventId": str(uuid.uuid4())} for _ in request["Entries"]]
        return 200, {"FailedEntryCount": 0, "Entries": taken}

    with answering(accept) as service:
        yield service


def entries_for(service: Answering, *events: Event) -> list[dict[str, Any]]:
    """Return the entries that a publish of these events sends."""
    backend = Backend(region=REGION, bus="a-bus", endpoint_url=service.url)
    assert backend.publish(events) == [None] * len(events)
    backend.close()
    (request,) = service.asked("PutEvents")
    return request["Entries"]


def test_the_time_and_the_trace_go_beside_the_event(recording: Answering) -> None:
    entries = entries_for(
        recording,
        an_event(1, traceparent=f"{TRACE}01"),
        an_event(2, traceparent=f"{TRACE}02"),
        an_event(3, traceparent="00-not-a-trace-01"),
        an_event(4),
    )

    trace = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled="
    assert [entry.get("TraceHeader") for entry in entries] == [f"{trace}1", f"{trace}0", None, None]
    assert {entry["EventBusName"] for entry in entries} == {"a-bus"}
    for entry in entries:
        assert entry["Time"] == pytest.approx(MOMENT.timestamp(), abs=1)


def test_money_goes_out_with_its_own_digits(recording: Answering) -> None:
    (entry,) = entries_for(recording, an_event(payload={"amount": Decimal("10.00")}))
    assert '"payload":{"amount":10.00}' in entry["Detail"]


def test_a_bus_answers_a_ping(backend: Backend) -> None:
    backend.ping()


def test_a_missing_bus_is_told_by_a_ping(aws: Emulator) -> None:
    backend = Backend(region=REGION, bus="no-such-bus", endpoint_url=aws.url_of("events"))
    with pytest.raises(BackendUnavailable, match="ResourceNotFoundException"):
        backend.ping()
    backend.close()

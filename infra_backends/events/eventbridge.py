"""Events on an EventBridge bus, whose rules pass them on. In no order; `sequenceNumber` tells it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infra_backends.aws.names import EVENT_SOURCE
from infra_backends.aws.service import Service
from infra_backends.events.envelope import detail_of, json_text, trace_header
from infra_backends.events.publishing import (
    BatchPublisher,
    Entry,
    Fault,
    fault,
    size_of,
)
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure
from outbox.entities import Event

TIME_BYTES = 14
"""What an entry's time counts for, whatever it is."""


class Backend(BatchPublisher):
    """`bus` is a bus's name or ARN; `endpoint_url` None is where boto3 finds the service."""

    def __init__(self, *, region: str, bus: str, endpoint_url: str | None = None) -> None:
        super().__init__(Service("events", region=region, endpoint_url=endpoint_url))
        self._bus = bus

    def _look(self) -> None:
        """PutEvents does not say in every case that there is no such bus; this does."""
        self._service.call("describe_event_bus", Name=self._bus)

    def _entry(self, event: Event) -> Entry:
        texts = {
            "EventBusName": self._bus,
            "Source": EVENT_SOURCE,
            "DetailType": event.event_type.value,
            "Detail": json_text(detail_of(event)),
        }
        if header := trace_header(event.traceparent):
            texts["TraceHeader"] = header
        content = {**texts, "Time": event.created_at}
        return Entry(event.event_id, content, size_of(*texts.values()) + TIME_BYTES)

    def _send(self, entries: Sequence[Entry]) -> Sequence[Fault | None]:
        contents = [entry.content for entry in entries]
        results = self._service.call("put_events", Entries=contents)["Entries"]
        told = [result for result in results if result.keys() & {"EventId", "ErrorCode"}]
        if len(told) != len(entries):
            raise BackendUnavailable("events: some entries have no result", Failure.UNKNOWN)
        return list(map(_fault_in, told))


def _fault_in(result: Mapping[str, Any]) -> Fault | None:
    code = result.get("ErrorCode")
    return fault(code, result.get("ErrorMessage", "")) if code else None

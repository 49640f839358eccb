"""What an event looks like to consumers, whichever service takes it to them."""

import re
from typing import Any

from financial_api.kernel.clock import iso
from financial_api.kernel.encoding import dumps
from infra_backends.aws.names import EVENT_SOURCE
from outbox.entities import Event

TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})")


def detail_of(event: Event) -> dict[str, Any]:
    """Return what consumers are told: `eventId` to deduplicate by, `sequenceNumber` to order by.

    `previousEventId` and `traceparent` are absent where there is none. How delivery goes is the
    outbox's own business and left out.
    """
    told: dict[str, Any] = {
        "eventId": event.event_id,
        "eventType": event.event_type,
        "entityType": event.entity_type,
        "entityId": event.entity_id,
        "ecosystemId": event.ecosystem_id,
        "sequenceNumber": event.sequence_number,
        "previousEventId": event.previous_event_id,
        "payload": event.payload,
        "createdAt": iso(event.created_at),
        "traceparent": event.traceparent,
    }
    return {name: value for name, value in told.items() if value is not None}


def message_of(event: Event, region: str) -> dict[str, Any]:
    """Return an event as EventBridge would hand it to a queue, so that consumers read both alike.

    `id` is the event's own, where EventBridge gives one out, and there is no `account`.
    """
    return {
        "version": "0",
        "id": event.event_id,
        "detail-type": event.event_type,
        "source": EVENT_SOURCE,
        "time": f"{event.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [],
        "detail": detail_of(event),
    }


def json_text(value: Any) -> str:
    """Return JSON with money as numbers, and without the two characters that SQS refuses.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    text = dumps(value).decode()
    return text.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")


def trace_header(traceparent: str | None) -> str | None:
    """Return a W3C trace context as X-Ray writes it, or None without a well-formed one.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    parts = TRACEPARENT.fullmatch(traceparent or "")
    if parts is None:
        return None
    first, rest, parent, flags = parts.groups()
    return f"Root=1-{first}-{rest};Parent={parent};Sampled={int(flags, 16) & 1}"

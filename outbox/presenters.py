"""What events look like to a client."""

from typing import Any

from financial_api.kernel.clock import iso
from outbox.entities import Event


def present_event(event: Event) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "eventId": event.event_id,
        "eventType": event.event_type,
        "entityType": event.entity_type,
        "entityId": event.entity_id,
        "ecosystemId": event.ecosystem_id,
        "sequenceNumber": event.sequence_number,
        "payload": event.payload,
        "status": event.status,
        "retryCount": event.retry_count,
        "lastError": event.last_error,
        "nextRetryAt": iso(event.next_retry_at),
        "createdAt": iso(event.created_at),
        "sentAt": iso(event.sent_at) if event.sent_at is not None else None,
        "previousEventId": event.previous_event_id,
        "traceparent": event.traceparent,
    }
    return {name: value for name, value in shown.items() if value is not None}

"""What events and cleanups look like to a client."""

from typing import Any

from financial_api.kernel.clock import iso
from outbox.cleanup import CleanupResult, Confirmation
from outbox.entities import Event
from outbox.events import describe_counts


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


def present_confirmation(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "message": "This deletes all data but the audit log. Send the token back to confirm.",
        "confirmationToken": confirmation.token,
        "expiresAt": iso(confirmation.expires_at),
    }


def present_cleanup(result: CleanupResult) -> dict[str, Any]:
    return {
        "status": "completed",
        "deletedCounts": describe_counts(result.counts),
        "duration": f"{result.seconds:.1f}s",
    }

"""Examples for the schema, made by the presenter from the event of an imagined customer."""

from datetime import UTC, datetime

from outbox.entities import EntityType, Event, EventType
from outbox.presenters import present_event

_NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

EVENT = {
    "event": present_event(
        Event(
            event_id="019bc0f3-51c0-7000-8000-0000000000e1",
            event_type=EventType.USER_CREATED,
            entity_type=EntityType.USER,
            entity_id="user-001",
            ecosystem_id="user-001",
            sequence_number=1,
            payload={
                "ecosystemId": "user-001",
                "firebaseUid": "user-001",
                "email": "user@test.local",
                "role": "user",
                "initialScore": 500,
                "tier": "medium",
            },
            shard=0,
            next_retry_at=_NOW,
            created_at=_NOW,
        )
    )
}
EVENTS = {"events": [EVENT["event"]], "pagination": {"nextCursor": None, "hasMore": False}}

"""What the system itself tells the world."""

from datetime import datetime

from accounts.callers import Caller
from financial_api.kernel.clock import iso
from outbox.entities import (
    CLEANUP_ENTITY_ID,
    DeletedCounts,
    EntityType,
    EventDraft,
    EventType,
)


def describe_counts(counts: DeletedCounts) -> dict[str, int]:
    """Return the counts by the names that clients and consumers know them by."""
    return {
        "users": counts.users,
        "cards": counts.cards,
        "transactions": counts.transactions,
        "cardRequests": counts.card_requests,
        "events": counts.events,
    }


def cleaned_up(counts: DeletedCounts, admin: Caller, at: datetime) -> EventDraft:
    return EventDraft(
        EventType.SYSTEM_CLEANUP,
        EntityType.SYSTEM,
        CLEANUP_ENTITY_ID,
        admin.ecosystem_id,
        {
            "adminId": admin.ecosystem_id,
            "deletedCounts": describe_counts(counts),
            "timestamp": iso(at),
        },
    )

"""What the system itself tells the world."""

from datetime import datetime
from typing import Annotated, TypedDict

from msgspec import Meta

from accounts.callers import Caller
from financial_api.kernel.cleanup import CLEANUP_ENTITY_ID, DeletedCounts
from financial_api.kernel.clock import iso
from outbox.declarations import AdminId, Count, EventDeclaration, Moment
from outbox.entities import EntityType, EventDraft, EventType


class CountsByName(TypedDict):
    """How many rows of each kind were deleted."""

    users: Count
    cards: Count
    transactions: Count
    cardRequests: Count
    events: Count


class CleanedUp(TypedDict):
    adminId: AdminId
    deletedCounts: Annotated[CountsByName, Meta(description="What was deleted.")]
    timestamp: Annotated[Moment, Meta(description="When it was done, UTC.")]


CLEANED_UP = EventDeclaration(
    EventType.SYSTEM_CLEANUP,
    EntityType.SYSTEM,
    CleanedUp,
    "An admin has deleted everything but the audit log. The numbers of all other entities start "
    "again at 1.",
)
DECLARED = (CLEANED_UP,)


def describe_counts(counts: DeletedCounts) -> CountsByName:
    """Return the counts by the names that clients and consumers know them by."""
    return {
        "users": counts.users,
        "cards": counts.cards,
        "transactions": counts.transactions,
        "cardRequests": counts.card_requests,
        "events": counts.events,
    }


def cleaned_up(counts: DeletedCounts, admin: Caller, at: datetime) -> EventDraft:
    return CLEANED_UP.draft(
        CLEANUP_ENTITY_ID,
        admin.ecosystem_id,
        {
            "adminId": admin.ecosystem_id,
            "deletedCounts": describe_counts(counts),
            "timestamp": iso(at),
        },
    )

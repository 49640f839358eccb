"""Examples for the schema, made by the presenters."""

from accounts.events import user_created
from accounts.examples import CUSTOMER, NOW, REASON_INPUT
from outbox.cleanup import TOKEN_VALID_FOR, CleanupResult, Confirmation
from outbox.entities import DeletedCounts, Event
from outbox.presenters import present_cleanup, present_confirmation, present_event

__all__ = ["REASON_INPUT"]

_DRAFT = user_created(CUSTOMER)

EVENT = {
    "event": present_event(
        Event(
            event_id="019bc0f3-51c0-7000-8000-0000000000e1",
            event_type=_DRAFT.event_type,
            entity_type=_DRAFT.entity_type,
            entity_id=_DRAFT.entity_id,
            ecosystem_id=_DRAFT.ecosystem_id,
            sequence_number=1,
            payload=_DRAFT.payload,
            shard=0,
            next_retry_at=NOW,
            created_at=NOW,
        )
    )
}
EVENTS = {"events": [EVENT["event"]], "pagination": {"nextCursor": None, "hasMore": False}}
_TOKEN = "WyJhZG1pbi0wMDEiLCIyMDI2LTAxLTE1Il0:1vfFzY:c2lnbmF0dXJl"  # noqa: S105
CLEANUP_INPUT = {"confirmationToken": _TOKEN}
CONFIRMATION = present_confirmation(Confirmation(_TOKEN, NOW + TOKEN_VALID_FOR))
CLEANUP = present_cleanup(
    CleanupResult(DeletedCounts(users=3, cards=2, transactions=41, card_requests=2, events=50), 6.2)
)

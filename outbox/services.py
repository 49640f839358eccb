"""The outbox as an admin sees it."""

from accounts.audit import AuditAction, TargetType
from accounts.callers import Caller
from financial_api.application import commands
from financial_api.application.commands import Outcome, Submission
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel.errors import (
    ApiError,
    InvalidStateTransition,
    NotFound,
    ValidationError,
)
from infra_backends import persistence
from infra_backends.persistence.repositories import Page
from outbox import wakeup
from outbox.entities import EntityType, Event, EventKey, EventStatus, EventType
from outbox.rules import redriven

PAGE = 100
MOST_PAGES = 100_000


def events(
    status: EventStatus | None,
    entity_type: EntityType | None,
    entity_id: str | None,
    *,
    after: str | None,
    limit: int,
) -> Page[Event]:
    """Return events, newest first; of one entity when both its type and id are given.

    Raises ValidationError when only one of them is.
    """
    if (entity_type is None) != (entity_id is None):
        raise ValidationError("entityType and entityId go together.")
    entity = (entity_type, entity_id) if entity_type and entity_id else None
    return persistence.outbox.page(status, entity, after=after, limit=limit)


def redrive(
    admin: Caller, event_id: str, reason: str, submission: Submission[Event] | None = None
) -> Outcome[Event]:
    """Send a dead-lettered event once more, as an admin.

    Raises NotFound, InvalidStateTransition unless it is dead-lettered.
    """
    key = EventKey(event_id)

    def decide(work: UnitOfWork) -> Event:
        event = work.get(key)
        if event is None:
            raise NotFound("There is no such event.")
        if event.status is not EventStatus.DEAD_LETTER:
            raise InvalidStateTransition(f"The event is {event.status}, not dead-lettered.")
        revived = redriven(event, work.now)
        work.save(revived)
        work.audit(
            AuditAction.OUTBOX_REDRIVEN,
            (TargetType.EVENT, event_id),
            owner=event.ecosystem_id,
            reason=reason,
            previous={"status": event.status},
            new={"status": revived.status},
        )
        return revived

    outcome = commands.run(admin, lambda: [key], decide, submission)
    wakeup.nudge()
    return outcome


def redrive_all(admin: Caller, event_type: EventType | None, reason: str) -> int:
    """Send every dead-lettered event once more, or those of one type; return how many.

    Oldest last, page by page; what others redrive or dead-letter meanwhile is left to them.
    """
    redriven_count = 0
    after = None
    for _ in range(MOST_PAGES):
        page = persistence.outbox.page(EventStatus.DEAD_LETTER, None, after=after, limit=PAGE)
        for event in page.items:
            if event_type in (None, event.event_type):
                redriven_count += _redriven_if_dead(admin, event, reason)
        after = page.next_position
        if after is None:
            break
    return redriven_count


def _redriven_if_dead(admin: Caller, event: Event, reason: str) -> bool:
    try:
        redrive(admin, event.event_id, reason)
    except ApiError:
        return False
    return True

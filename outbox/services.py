"""The outbox as an admin sees it."""

from dataclasses import replace

from accounts.audit import AuditAction, TargetType
from accounts.callers import Caller
from financial_api import commands
from financial_api.commands import Outcome, Submission
from financial_api.kernel.errors import InvalidStateTransition, NotFound, ValidationError
from financial_api.unit_of_work import UnitOfWork
from infra_backends import persistence
from infra_backends.persistence.repositories import Page
from outbox import wakeup
from outbox.entities import EntityType, Event, EventKey, EventStatus


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
    admin: Caller, event_id: str, reason: str, submission: Submission[Event]
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
        revived = replace(event, status=EventStatus.PENDING, retry_count=0, next_retry_at=work.now)
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

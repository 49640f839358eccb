"""Deliveries and their retries, trackers, and what an admin's answer says, as pure functions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cards.entities import CardRequest, RequestStatus
from financial_api.kernel import ids
from financial_api.kernel.parameters import Parameters
from notifications.entities import (
    ApprovalStatus,
    DeliveryStatus,
    Notification,
    NotificationKind,
    PendingApproval,
)
from outbox.entities import Event

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4))
MOST_ATTEMPTS = len(RETRY_AFTER) + 1
UNANSWERED = "the last attempt was broken off"

_ANSWER = re.compile(
    r"\s*(?P<word>yes|y|no|n)\s*"
    r"(?P<code>[0-9a-f]{8}(?:-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An admin's word on a request, which `code` names: a short code or a whole id, lower case."""

    approves: bool
    code: str


def answer_in(text: str) -> Answer | None:
    """Return what a message says, `y CODE` or `n CODE` in any case and spacing, or None."""
    match = _ANSWER.fullmatch(text)
    if match is None:
        return None
    return Answer(match["word"].lower().startswith("y"), match["code"].lower())


def notification(
    kind: NotificationKind, event: Event, phone: str, text: str, now: datetime
) -> Notification:
    """Return a message to a phone that an event calls for; the same event has the same id."""
    return Notification(
        notification_id=ids.derived_id(event.event_id, f"{kind}#{phone}"),
        kind=kind,
        phone=phone,
        text=text,
        event_id=event.event_id,
        related_entity_type=event.entity_type,
        related_entity_id=event.entity_id,
        next_retry_at=now,
        created_at=now,
        updated_at=now,
    )


def attempted(waiting: Notification, now: datetime) -> Notification:
    """Return a message with one more attempt begun, and due again in case that is broken off.

    When the last attempt was broken off it is a dead letter.
    """
    if waiting.attempts >= MOST_ATTEMPTS:
        return _dead_letter(waiting, UNANSWERED, now)
    again = now + RETRY_AFTER[min(waiting.attempts, len(RETRY_AFTER) - 1)]
    return replace(waiting, attempts=waiting.attempts + 1, next_retry_at=again, updated_at=now)


def delivered(attempt: Notification, now: datetime) -> Notification:
    return replace(
        attempt,
        delivery_status=DeliveryStatus.SENT,
        last_error=None,
        sent_at=now,
        updated_at=now,
    )


def failed(attempt: Notification, error: str, now: datetime) -> Notification:
    """Return a message to be tried again after 1, 2 and 4 minutes, then a dead letter."""
    if attempt.attempts >= MOST_ATTEMPTS:
        return _dead_letter(attempt, error, now)
    return replace(
        attempt,
        delivery_status=DeliveryStatus.FAILED,
        last_error=error,
        next_retry_at=now + RETRY_AFTER[attempt.attempts - 1],
        updated_at=now,
    )


def redriven(dead: Notification, now: datetime) -> Notification:
    """Return a dead letter as a message that waits for its first attempt."""
    return replace(
        dead,
        delivery_status=DeliveryStatus.PENDING,
        attempts=0,
        next_retry_at=now,
        updated_at=now,
    )


def _dead_letter(given_up: Notification, error: str, now: datetime) -> Notification:
    return replace(
        given_up, delivery_status=DeliveryStatus.DEAD_LETTER, last_error=error, updated_at=now
    )


def tracker(
    request: CardRequest,
    notifications: Sequence[Notification],
    parameters: Parameters,
    now: datetime,
) -> PendingApproval:
    """Return the tracker of a request that admins are being asked about."""
    return PendingApproval(
        request_id=request.request_id,
        ecosystem_id=request.ecosystem_id,
        notification_ids=tuple(one.notification_id for one in notifications),
        expires_at=now + timedelta(hours=parameters.approval_expiry_hours),
        created_at=now,
        updated_at=now,
    )


def is_expired(tracker: PendingApproval, now: datetime) -> bool:
    """Return True for a tracker that still waits when its time is up."""
    return tracker.approval_status is ApprovalStatus.PENDING and tracker.expires_at <= now


def closed(tracker: PendingApproval, status: ApprovalStatus, now: datetime) -> PendingApproval:
    return replace(tracker, approval_status=status, updated_at=now)


def status_after(request: CardRequest) -> ApprovalStatus:
    """Return what the tracker of a request says that no longer waits, for whichever reason."""
    return _STATUS_AFTER.get(request.status, ApprovalStatus.EXPIRED)


_STATUS_AFTER = {
    RequestStatus.APPROVED: ApprovalStatus.APPROVED,
    RequestStatus.REJECTED: ApprovalStatus.REJECTED,
}

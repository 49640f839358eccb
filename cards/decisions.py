"""The decision on a card request, as a part of whichever command makes it."""

from decimal import Decimal
from typing import Any

from accounts.audit import AuditAction, TargetType
from accounts.entities import User, UserKey
from cards import approval
from cards.entities import Card, CardRequest, CardRequestKey, DecisionSource, RequestStatus
from cards.events import card_approved, card_rejected
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel.errors import NotFound
from financial_api.kernel.keys import Key
from outbox.entities import EntityType, SequenceKey


def reads(key: CardRequestKey) -> list[Key[Any]]:
    """Return what a decision rests on, the user whom others may want to change first."""
    sequence = SequenceKey(EntityType.CARD_REQUEST, key.request_id)
    return [UserKey(key.ecosystem_id), key, sequence]


def request_in(work: UnitOfWork, key: CardRequestKey) -> tuple[User, CardRequest]:
    """Return a request and its user as they were read; raises NotFound."""
    user, request = work.get(UserKey(key.ecosystem_id)), work.get(key)
    if user is None or request is None:
        raise NotFound("There is no such card request.")
    return user, request


def approve(
    work: UnitOfWork, user: User, request: CardRequest, limit: Decimal, reason: str | None = None
) -> tuple[User, CardRequest, Card]:
    """Have the caller approve a request with a limit in dollars; nothing is written on a refusal.

    Raises RequestAlreadyProcessed, or CardAlreadyExists beside another active card.
    """
    owner, approved, card = approval.approve(
        user, request, limit, work.now, source=DecisionSource.ADMIN, reason=reason
    )
    work.save(owner, approved, card)
    work.emit(card_approved(approved, card, work.caller))
    _audit(
        work,
        AuditAction.CARD_REQUEST_APPROVED,
        approved,
        reason or approval.DEFAULT_APPROVAL_REASON,
        {"creditLimit": limit, "cardId": card.card_id},
    )
    return owner, approved, card


def reject(
    work: UnitOfWork, user: User, request: CardRequest, reason: str
) -> tuple[User, CardRequest]:
    """Have the caller reject a request; raises RequestAlreadyProcessed."""
    owner, rejected = approval.reject(user, request, reason, work.now)
    work.save(owner, rejected)
    work.emit(card_rejected(rejected, reason, work.caller))
    _audit(work, AuditAction.CARD_REQUEST_REJECTED, rejected, reason, {})
    return owner, rejected


def _audit(
    work: UnitOfWork, action: AuditAction, request: CardRequest, reason: str, new: dict[str, Any]
) -> None:
    work.audit(
        action,
        (TargetType.CARD_REQUEST, request.request_id),
        owner=request.ecosystem_id,
        reason=reason,
        previous={"status": RequestStatus.PENDING},
        new={"status": request.status, **new},
    )

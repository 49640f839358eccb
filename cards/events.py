"""What cards and card requests tell the world."""

from typing import Any

from accounts.callers import Caller
from accounts.rules import tier_of
from cards.entities import Card, CardRequest, CardStatus, DecisionSource
from financial_api.kernel.clock import iso
from outbox.entities import EntityType, EventDraft, EventType


def card_requested(request: CardRequest) -> EventDraft:
    return _of_request(
        EventType.CARD_REQUESTED,
        request,
        {
            "requestId": request.request_id,
            "ecosystemId": request.ecosystem_id,
            "productId": request.product_id,
            "scoreAtRequest": request.score_at_request,
            "tierAtRequest": request.tier_at_request,
            "createdAt": iso(request.created_at),
        },
    )


def card_approved(request: CardRequest, card: Card, admin: Caller | None) -> EventDraft:
    """An approval at once has no admin."""
    payload = {
        "requestId": request.request_id,
        "cardId": card.card_id,
        "ecosystemId": request.ecosystem_id,
        "productId": request.product_id,
        "approvedLimit": card.limit,
        "source": DecisionSource.AUTO if admin is None else DecisionSource.ADMIN,
        "scoreAtApproval": card.score_at_approval,
        "tierAtApproval": tier_of(card.score_at_approval),
    }
    if admin is not None:
        payload["adminId"] = admin.ecosystem_id
    return _of_request(EventType.CARD_APPROVED, request, payload)


def card_rejected(request: CardRequest, reason: str, admin: Caller) -> EventDraft:
    return _of_request(
        EventType.CARD_REJECTED,
        request,
        {
            "requestId": request.request_id,
            "ecosystemId": request.ecosystem_id,
            "productId": request.product_id,
            "reason": reason,
            "source": DecisionSource.ADMIN,
            "adminId": admin.ecosystem_id,
            "scoreAtRequest": request.score_at_request,
        },
    )


_MOVES = {
    (CardStatus.ACTIVE, CardStatus.SUSPENDED): EventType.CARD_SUSPENDED,
    (CardStatus.SUSPENDED, CardStatus.ACTIVE): EventType.CARD_REACTIVATED,
    (CardStatus.ACTIVE, CardStatus.CANCELLED): EventType.CARD_CANCELLED,
    (CardStatus.SUSPENDED, CardStatus.CANCELLED): EventType.CARD_CANCELLED,
}


def card_status_changed(before: Card, after: Card, reason: str, admin: Caller) -> EventDraft:
    return EventDraft(
        _MOVES[before.status, after.status],
        EntityType.CARD,
        after.card_id,
        after.ecosystem_id,
        {
            "cardId": after.card_id,
            "ecosystemId": after.ecosystem_id,
            "reason": reason,
            "adminId": admin.ecosystem_id,
            "previousStatus": before.status,
        },
    )


def _of_request(event_type: EventType, request: CardRequest, payload: dict[str, Any]) -> EventDraft:
    return EventDraft(
        event_type, EntityType.CARD_REQUEST, request.request_id, request.ecosystem_id, payload
    )

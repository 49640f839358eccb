"""What cards and card requests tell the world."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from accounts.callers import Caller
from accounts.entities import Tier
from accounts.rules import tier_of
from cards.entities import Card, CardRequest, CardStatus, DecisionSource
from financial_api.kernel.clock import iso
from outbox.declarations import (
    AdminId,
    CardId,
    Dollars,
    EcosystemId,
    EventDeclaration,
    Moment,
    ProductId,
    Reason,
    RequestId,
    Score,
)
from outbox.entities import EntityType, EventDraft, EventType


class CardRequested(TypedDict):
    requestId: RequestId
    ecosystemId: EcosystemId
    productId: ProductId
    scoreAtRequest: Score
    tierAtRequest: Annotated[Tier, Meta(description="The tier of that score.")]
    createdAt: Annotated[Moment, Meta(description="When it was asked for, UTC.")]


class CardApproved(TypedDict):
    requestId: RequestId
    cardId: CardId
    ecosystemId: EcosystemId
    productId: ProductId
    approvedLimit: Dollars
    source: Annotated[DecisionSource, Meta(description="Approved at once, or by an admin.")]
    scoreAtApproval: Score
    tierAtApproval: Annotated[Tier, Meta(description="The tier of that score.")]
    adminId: NotRequired[Annotated[str, Meta(description="Only if the source is admin.")]]


class CardRejected(TypedDict):
    requestId: RequestId
    ecosystemId: EcosystemId
    productId: ProductId
    reason: Reason
    source: Annotated[DecisionSource, Meta(description="Always an admin.")]
    adminId: AdminId
    scoreAtRequest: Score


class CardStatusChanged(TypedDict):
    cardId: CardId
    ecosystemId: EcosystemId
    reason: Reason
    adminId: AdminId
    previousStatus: Annotated[CardStatus, Meta(description="What the card was before.")]


CARD_REQUESTED = EventDeclaration(
    EventType.CARD_REQUESTED, EntityType.CARD_REQUEST, CardRequested, "A user has asked for a card."
)
CARD_APPROVED = EventDeclaration(
    EventType.CARD_APPROVED,
    EntityType.CARD_REQUEST,
    CardApproved,
    "A card request was approved, and there is a new, active card.",
)
CARD_REJECTED = EventDeclaration(
    EventType.CARD_REJECTED,
    EntityType.CARD_REQUEST,
    CardRejected,
    "An admin has rejected a card request.",
)
CARD_SUSPENDED = EventDeclaration(
    EventType.CARD_SUSPENDED,
    EntityType.CARD,
    CardStatusChanged,
    "An admin has suspended an active card.",
)
CARD_REACTIVATED = EventDeclaration(
    EventType.CARD_REACTIVATED,
    EntityType.CARD,
    CardStatusChanged,
    "An admin has made a suspended card active again.",
)
CARD_CANCELLED = EventDeclaration(
    EventType.CARD_CANCELLED,
    EntityType.CARD,
    CardStatusChanged,
    "An admin has cancelled a card, for good.",
)
DECLARED = (
    CARD_REQUESTED,
    CARD_APPROVED,
    CARD_REJECTED,
    CARD_SUSPENDED,
    CARD_REACTIVATED,
    CARD_CANCELLED,
)


def card_requested(request: CardRequest) -> EventDraft:
    return CARD_REQUESTED.draft(
        request.request_id,
        request.ecosystem_id,
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
    payload: CardApproved = {
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
    return CARD_APPROVED.draft(request.request_id, request.ecosystem_id, payload)


def card_rejected(request: CardRequest, reason: str, admin: Caller) -> EventDraft:
    return CARD_REJECTED.draft(
        request.request_id,
        request.ecosystem_id,
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
    (CardStatus.ACTIVE, CardStatus.SUSPENDED): CARD_SUSPENDED,
    (CardStatus.SUSPENDED, CardStatus.ACTIVE): CARD_REACTIVATED,
    (CardStatus.ACTIVE, CardStatus.CANCELLED): CARD_CANCELLED,
    (CardStatus.SUSPENDED, CardStatus.CANCELLED): CARD_CANCELLED,
}


def card_status_changed(before: Card, after: Card, reason: str, admin: Caller) -> EventDraft:
    return _MOVES[before.status, after.status].draft(
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

"""Offers, eligibility and the decision on a card request, as pure functions."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.entities import PendingRequest, Tier, User
from accounts.rules import tier_of
from cards.entities import (
    Card,
    CardRequest,
    CardType,
    Decision,
    DecisionSource,
    RequestStatus,
)
from cards.rules import LOWEST_LIMIT, due_date, tier_limit
from financial_api.kernel import ids
from financial_api.kernel.errors import (
    CardAlreadyExists,
    CardRequestExists,
    LimitExceedsPolicy,
    RequestAlreadyProcessed,
    ValidationError,
    in_cooldown,
)
from financial_api.kernel.parameters import Parameters

PRODUCT_ID = "default-credit-card"
REVIEW_ESTIMATE = "1-2 business days"
ATTENTION_AFTER_DAYS = 7
DEFAULT_APPROVAL_REASON = "Approved by admin"

_APR = {Tier.HIGH: "12.99%", Tier.MEDIUM: "18.99%", Tier.LOW: "24.99%"}
_ANNUAL_FEE = {Tier.HIGH: Decimal("0.00"), Tier.MEDIUM: Decimal("0.00"), Tier.LOW: Decimal("29.00")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A card a user may ask for. Dollars; `apr` is text for people."""

    product_id: str
    product_type: CardType
    name: str
    description: str
    credit_limit: Decimal
    apr: str
    annual_fee: Decimal
    eligible: bool
    subject_to_approval: bool
    cooldown_until: datetime | None


def cooldown_until(user: User, parameters: Parameters, now: datetime) -> datetime | None:
    """Return when a rejected user may ask again, or None when that is now."""
    if user.last_rejected_at is None:
        return None
    until = user.last_rejected_at + timedelta(days=parameters.cooldown_days)
    return until if now < until else None


def needs_approval(user: User, parameters: Parameters) -> bool:
    """Return True when the score is under the threshold for approval at once."""
    return user.current_score < parameters.auto_approve_threshold


def offers_for(user: User, parameters: Parameters, now: datetime) -> list[Offer]:
    """Return what the user may ask for: nothing beside an active card."""
    if user.card_summary.active_cards:
        return []
    tier = tier_of(user.current_score)
    cooldown = cooldown_until(user, parameters, now)
    return [
        Offer(
            product_id=PRODUCT_ID,
            product_type=CardType.CREDIT_CARD,
            name="Credit Card",
            description=f"A credit card with the limit of the {tier} tier.",
            credit_limit=tier_limit(tier, parameters),
            apr=_APR[tier],
            annual_fee=_ANNUAL_FEE[tier],
            eligible=user.pending_request is None and cooldown is None,
            subject_to_approval=needs_approval(user, parameters),
            cooldown_until=cooldown,
        )
    ]


def check_product(product_id: str) -> None:
    """Raise ValidationError for a product that is not on offer."""
    if product_id != PRODUCT_ID:
        raise ValidationError.of_field("productId", f"unknown product; on offer is {PRODUCT_ID}")


def check_may_request(user: User, parameters: Parameters, now: datetime) -> None:
    """Raise CardRequestExists, CardAlreadyExists, or ValidationError in the cool-down."""
    if user.pending_request is not None:
        raise CardRequestExists(user.pending_request.request_id)
    if user.card_summary.active_cards:
        raise CardAlreadyExists
    until = cooldown_until(user, parameters, now)
    if until is not None:
        raise in_cooldown(until)


def open_request(user: User, product_id: str, now: datetime) -> tuple[User, CardRequest]:
    """Return the user waiting for a new pending request, and that request."""
    request = CardRequest(
        request_id=ids.new_id(now),
        ecosystem_id=user.ecosystem_id,
        product_id=product_id,
        status=RequestStatus.PENDING,
        score_at_request=user.current_score,
        tier_at_request=tier_of(user.current_score),
        created_at=now,
        updated_at=now,
    )
    waiting = PendingRequest(request.request_id, product_id, now)
    return replace(user, pending_request=waiting, updated_at=now), request


def check_limit_range(limit: Decimal, parameters: Parameters) -> None:
    """Raise ValidationError for a limit that no tier could have."""
    if not LOWEST_LIMIT <= limit <= parameters.high_tier_limit:
        raise ValidationError.of_field(
            "creditLimit", f"must be from {LOWEST_LIMIT} to {parameters.high_tier_limit}"
        )


def check_limit_policy(limit: Decimal, user: User, parameters: Parameters) -> None:
    """Raise LimitExceedsPolicy for a limit over that of the user's tier now."""
    policy = tier_limit(tier_of(user.current_score), parameters)
    if limit > policy:
        raise LimitExceedsPolicy(details={"creditLimit": limit, "tierLimit": policy})


def check_pending(request: CardRequest) -> None:
    """Raise RequestAlreadyProcessed unless the request still waits."""
    if request.status is not RequestStatus.PENDING:
        raise RequestAlreadyProcessed(details={"status": str(request.status)})


def approve(
    user: User,
    request: CardRequest,
    limit: Decimal,
    now: datetime,
    *,
    source: DecisionSource,
    reason: str | None = None,
) -> tuple[User, CardRequest, Card]:
    """Return the user, the request approved and its new active card.

    Raises RequestAlreadyProcessed, or CardAlreadyExists beside another active card.
    """
    check_pending(request)
    if user.card_summary.active_cards:
        raise CardAlreadyExists
    card = Card(
        card_id=ids.new_id(now),
        ecosystem_id=user.ecosystem_id,
        request_id=request.request_id,
        limit=limit,
        next_due_date=due_date(now),
        approved_by=source,
        score_at_approval=user.current_score,
        created_at=now,
        activated_at=now,
        updated_at=now,
    )
    decided = replace(
        request,
        status=RequestStatus.APPROVED,
        decision=Decision(
            outcome=RequestStatus.APPROVED, source=source, approved_limit=limit, reason=reason
        ),
        card_id=card.card_id,
        updated_at=now,
    )
    owner = replace(
        user,
        card_summary=user.card_summary + card.totals,
        pending_request=None,
        updated_at=now,
    )
    return owner, decided, card


def reject(
    user: User, request: CardRequest, reason: str, now: datetime
) -> tuple[User, CardRequest]:
    """Return the user in its cool-down and the request rejected.

    Raises RequestAlreadyProcessed.
    """
    check_pending(request)
    decided = replace(
        request,
        status=RequestStatus.REJECTED,
        decision=Decision(
            outcome=RequestStatus.REJECTED, source=DecisionSource.ADMIN, reason=reason
        ),
        updated_at=now,
    )
    return replace(user, pending_request=None, last_rejected_at=now, updated_at=now), decided


def days_pending(request: CardRequest, now: datetime) -> int:
    """Return the whole days since the request was made, until it was decided."""
    end = now if request.status is RequestStatus.PENDING else request.updated_at
    return max(0, (end - request.created_at).days)


def requires_attention(request: CardRequest, now: datetime) -> bool:
    """Return True when the request has been pending for seven days or more."""
    return (
        request.status is RequestStatus.PENDING
        and days_pending(request, now) >= ATTENTION_AFTER_DAYS
    )

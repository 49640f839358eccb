"""What a card is worth, when it is due and how its state moves, as pure functions."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.entities import Tier
from cards.entities import Card, CardStatus
from financial_api.kernel.errors import InvalidStateTransition
from financial_api.kernel.money import dollars
from financial_api.kernel.parameters import Parameters

LOWEST_LIMIT = Decimal("100.00")
NEAR_LIMIT_SHARE = Decimal("0.90")
MINIMUM_PAYMENT_FLOOR = Decimal("25.00")
MINIMUM_PAYMENT_SHARE = Decimal("0.02")
PAYMENT_TERM = timedelta(days=30)


def tier_limit(tier: Tier, parameters: Parameters) -> Decimal:
    """Return the credit limit of a tier in dollars, never under 100."""
    limits = {
        Tier.HIGH: parameters.high_tier_limit,
        Tier.MEDIUM: parameters.medium_tier_limit,
        Tier.LOW: parameters.low_tier_limit,
    }
    return max(LOWEST_LIMIT, limits[tier])


def minimum_payment(balance: Decimal) -> Decimal:
    """Return the least that is due: 2 % of the balance, at least 25 dollars, never over it."""
    return min(balance, max(MINIMUM_PAYMENT_FLOOR, dollars(balance * MINIMUM_PAYMENT_SHARE)))


def is_near_limit(card: Card) -> bool:
    """Return True when more than 90 % of the limit is used."""
    return card.balance > card.limit * NEAR_LIMIT_SHARE


def due_date(after: datetime) -> datetime:
    """Return when the next payment is due, 30 days after what started the term.

    That is the activation, each payment, and a purchase on a card that owed nothing.
    """
    return after + PAYMENT_TERM


def suspend(card: Card, now: datetime) -> Card:
    """Return the card suspended; raises InvalidStateTransition unless it is active."""
    return _move(card, CardStatus.SUSPENDED, {CardStatus.ACTIVE}, now)


def reactivate(card: Card, now: datetime) -> Card:
    """Return the card active again; raises InvalidStateTransition unless it is suspended."""
    return _move(card, CardStatus.ACTIVE, {CardStatus.SUSPENDED}, now)


def cancel(card: Card, now: datetime) -> Card:
    """Return the card cancelled, for good.

    Raises InvalidStateTransition if it already is, or while there is a balance.
    """
    if card.balance:
        raise InvalidStateTransition("A card with a balance cannot be cancelled.")
    return _move(card, CardStatus.CANCELLED, {CardStatus.ACTIVE, CardStatus.SUSPENDED}, now)


def _move(card: Card, to: CardStatus, allowed_from: set[CardStatus], now: datetime) -> Card:
    if card.status not in allowed_from:
        raise InvalidStateTransition(f"A card that is {card.status} cannot become {to}.")
    return replace(card, status=to, updated_at=now)

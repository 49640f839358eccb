"""Buying and paying, as pure functions."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from cards.entities import Card, CardStatus
from cards.rules import due_date, minimum_payment
from financial_api.kernel.errors import InsufficientCredit, ValidationError
from financial_api.kernel.money import ZERO
from financial_api.kernel.parameters import Parameters
from transactions.entities import PaymentStatus

UNKNOWN_MERCHANT = "Unknown Merchant"
MILDLY_LATE_DAYS = 7
MODERATELY_LATE_DAYS = 30


def purchase(card: Card, amount: Decimal, now: datetime) -> Card:
    """Return the card after a purchase; the first on a card that owes nothing sets the due date.

    Raises ValidationError unless the card is active, InsufficientCredit over its credit.
    """
    if card.status is not CardStatus.ACTIVE:
        raise _not_active(card)
    if amount > card.available_credit:
        raise InsufficientCredit(amount, card.available_credit)
    next_due_date = card.next_due_date if card.balance else due_date(now)
    return replace(card, balance=card.balance + amount, next_due_date=next_due_date, updated_at=now)


def payment(card: Card, amount: Decimal, now: datetime) -> Card:
    """Return the card after a payment, whichever of the states known here it is in.

    Raises ValidationError in any other, when nothing is owed, or for more than is owed.
    """
    if card.status not in set(CardStatus):
        raise _not_active(card)
    if card.balance == ZERO:
        raise ValidationError.of_field("amount", "the card has no balance to pay")
    if amount > card.balance:
        raise ValidationError.of_field("amount", f"over the balance of {card.balance}")
    return replace(card, balance=card.balance - amount, next_due_date=due_date(now), updated_at=now)


def days_late(due: datetime, paid: datetime) -> int:
    """Return the days between the two UTC dates, zero when paid on the due date or before."""
    return max(0, (paid.astimezone(UTC).date() - due.astimezone(UTC).date()).days)


def payment_status(days: int) -> PaymentStatus:
    return PaymentStatus.LATE if days else PaymentStatus.ON_TIME


def score_change(card: Card, amount: Decimal, days: int, parameters: Parameters) -> int:
    """Return the points a payment is worth, on the card as it was before it.

    On time: the full bonus for the whole balance, the least for the minimum due or less, and
    between them in proportion, rounded half up. Late: a penalty by how late.
    """
    if days:
        return -_late_penalty(days, parameters)
    if amount == card.balance:
        return parameters.payment_bonus_max
    if amount <= minimum_payment(card.balance):
        return parameters.payment_bonus_min
    span = parameters.payment_bonus_max - parameters.payment_bonus_min
    bonus = parameters.payment_bonus_min + span * amount / card.balance
    return int(bonus.quantize(Decimal(1), ROUND_HALF_UP))


def _not_active(card: Card) -> ValidationError:
    return ValidationError("The card is not active.", details={"cardStatus": str(card.status)})


def _late_penalty(days: int, parameters: Parameters) -> int:
    if days <= MILDLY_LATE_DAYS:
        return parameters.late_penalty_mild
    if days <= MODERATELY_LATE_DAYS:
        return parameters.late_penalty_moderate
    return parameters.late_penalty_severe

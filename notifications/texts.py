"""What messages to admins say."""

from datetime import datetime
from decimal import Decimal

from accounts.entities import User
from accounts.rules import tier_of
from cards.entities import CardRequest

SHOWN_OF_A_CARD = 4


def approval_request(request: CardRequest, user: User) -> str:
    """Ask for a decision, and say how to answer."""
    code = request.short_code
    return (
        f"Card request {code}\n"
        f"Customer: {user.email}\n"
        f"Tier: {tier_of(user.current_score)}, score {user.current_score}\n"
        f"Answer y {code} to approve it, or n {code} to reject it."
    )


def payment(card_id: str, amount: Decimal, at: datetime) -> str:
    """Tell of a payment in dollars, with the time in UTC."""
    return (
        f"Payment received: ${amount:.2f} on card …{card_id[-SHOWN_OF_A_CARD:]}, "
        f"{at:%Y-%m-%d %H:%M} UTC."
    )

"""Users, cards and requests with the fields that a rule's test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from accounts.callers import Identity
from accounts.entities import Role, User, UserStatus
from accounts.rules import tier_of
from cards.entities import Card, CardRequest, DecisionSource, RequestStatus
from financial_api.kernel.parameters import Parameters

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
DEFAULTS = Parameters()

cents = st.integers(1, 999_999_999)
"""Amounts of money in whole cents, up to the largest there is."""

moments = st.integers(0, 200 * 365 * 86_400_000_000).map(
    lambda microseconds: EPOCH + microseconds * TICK
)
"""Times of the first two centuries since 1970, to the microsecond."""


def money(whole_cents: int) -> Decimal:
    """Return dollars, made without any arithmetic that could round."""
    return Decimal(whole_cents).scaleb(-2)


def an_identity(**fields: Any) -> Identity:
    return Identity(
        **{"subject": "user-001", "ecosystem_id": "user-001", "email": "user@test.local"} | fields
    )


def a_user(**fields: Any) -> User:
    return User(
        **{
            "ecosystem_id": "user-001",
            "subject": "user-001",
            "email": "user@test.local",
            "role": Role.USER,
            "status": UserStatus.ACTIVE,
            "current_score": 500,
            "created_at": NOON,
            "updated_at": NOON,
            "last_login_at": NOON,
        }
        | fields
    )


def a_card(**fields: Any) -> Card:
    """Return an active card with a limit of 5000 dollars; amounts may be given as text."""
    for name in ("limit", "balance"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    return Card(
        **{
            "card_id": "card-001",
            "ecosystem_id": "user-001",
            "request_id": "request-001",
            "limit": Decimal("5000.00"),
            "next_due_date": NOON + 30 * DAY,
            "approved_by": DecisionSource.AUTO,
            "score_at_approval": 500,
            "created_at": NOON,
            "activated_at": NOON,
            "updated_at": NOON,
        }
        | fields
    )


def a_request(**fields: Any) -> CardRequest:
    """Return a pending request, made at noon."""
    score = fields.get("score_at_request", 450)
    return CardRequest(
        **{
            "request_id": "request-001",
            "ecosystem_id": "user-001",
            "product_id": "default-credit-card",
            "status": RequestStatus.PENDING,
            "score_at_request": score,
            "tier_at_request": tier_of(score),
            "created_at": NOON,
            "updated_at": NOON,
        }
        | fields
    )


class StoppedClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

"""Cards and the requests that lead to them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from accounts.entities import CardTotals, Tier
from financial_api.kernel.keys import Key, Stored
from financial_api.kernel.money import ZERO

SHORT_CODE_LENGTH = 8
"""How much of the end of a request's id is its short code. The start is a clock, and alike."""


class CardType(StrEnum):
    CREDIT_CARD = "credit-card"


class CardStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class RequestStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class DecisionSource(StrEnum):
    AUTO = "auto"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class CardKey(Key["Card"]):
    ecosystem_id: str
    card_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Stored):
    """A credit card. Dollars; `balance` is what its user owes."""

    card_id: str
    ecosystem_id: str
    request_id: str
    type: CardType = CardType.CREDIT_CARD
    status: CardStatus = CardStatus.ACTIVE
    limit: Decimal
    balance: Decimal = ZERO
    next_due_date: datetime
    approved_by: DecisionSource
    score_at_approval: int
    created_at: datetime
    activated_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def key(self) -> CardKey:
        return CardKey(self.ecosystem_id, self.card_id)

    @property
    def available_credit(self) -> Decimal:
        return self.limit - self.balance

    @property
    def totals(self) -> CardTotals:
        """What this card adds to its user's totals."""
        if self.status is CardStatus.CANCELLED:
            return CardTotals()
        return CardTotals(int(self.status is CardStatus.ACTIVE), self.balance, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Stored):
    """How a card request ended. `approved_limit` in dollars, only for an approval."""

    outcome: RequestStatus
    source: DecisionSource
    approved_limit: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CardRequestKey(Key["CardRequest"]):
    ecosystem_id: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRequest(Stored):
    """A user's wish for a card. Its own status, and nothing else, says if it can be decided."""

    request_id: str
    ecosystem_id: str
    product_id: str
    status: RequestStatus
    score_at_request: int
    tier_at_request: Tier
    decision: Decision | None = None
    card_id: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def key(self) -> CardRequestKey:
        return CardRequestKey(self.ecosystem_id, self.request_id)

    @property
    def short_code(self) -> str:
        """What people call the request by; rarely, two of them have the same."""
        return self.request_id[-SHORT_CODE_LENGTH:]

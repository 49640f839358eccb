"""Users and their scores."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from financial_api.kernel.keys import Key, Stored
from financial_api.kernel.money import ZERO


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Tier(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ScoreSource(StrEnum):
    SYSTEM = "system"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class CardTotals(Stored):
    """The sum over a user's cards. Dollars; a cancelled card adds nothing."""

    active_cards: int = 0
    total_balance: Decimal = ZERO
    total_limit: Decimal = ZERO

    def __add__(self, other: "CardTotals") -> "CardTotals":
        return replace(
            self,
            active_cards=self.active_cards + other.active_cards,
            total_balance=self.total_balance + other.total_balance,
            total_limit=self.total_limit + other.total_limit,
        )

    def __sub__(self, other: "CardTotals") -> "CardTotals":
        return self + CardTotals(-other.active_cards, -other.total_balance, -other.total_limit)


@dataclass(frozen=True, slots=True)
class PendingRequest(Stored):
    """The card request a user is waiting for, kept on the user so that one read decides."""

    request_id: str
    product_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UserKey(Key["User"]):
    ecosystem_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Stored):
    """A customer. `subject` is the identity provider's id; `version` counts the commits."""

    ecosystem_id: str
    subject: str
    email: str
    role: Role
    status: UserStatus
    current_score: int
    card_summary: CardTotals = CardTotals()
    pending_request: PendingRequest | None = None
    last_rejected_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime
    version: int = 0

    @property
    def key(self) -> UserKey:
        return UserKey(self.ecosystem_id)

    def with_totals_moved(self, before: CardTotals, after: CardTotals, now: datetime) -> "User":
        """Return the user after one of its cards went from `before` to `after`."""
        return replace(self, card_summary=self.card_summary - before + after, updated_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """One change of a user's score; never changed afterwards."""

    score_id: str
    ecosystem_id: str
    value: int
    previous_value: int
    delta: int
    reason: str
    source: ScoreSource
    source_id: str | None = None
    related_entity_type: str | None = None
    related_entity_id: str | None = None
    timestamp: datetime

"""The things of the model: users, cards, requests, and what a request and its answer are.

Written from the rules as people read them, and not from the code that it judges: it imports
nothing of that. Money is whole cents. A thing that the service makes has no id before the answer
that makes it has been learned.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TIER_LIMITS = {"high": 10_000_00, "medium": 5_000_00, "low": 2_000_00}


def tier_of(score: int) -> str:
    if score >= 700:
        return "high"
    return "medium" if score >= 500 else "low"


@dataclass(frozen=True)
class Ask:
    """A request: who asks for what, of which thing, with which input."""

    caller: str
    operation: str
    target: str = ""
    owner: str = ""
    """Whose card, where an admin says so."""

    fields: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        return dict(self.fields).get(name)


@dataclass
class Transaction:
    type: str
    cents: int
    status: str = "completed"


@dataclass
class Card:
    owner: str
    limit: int
    due: datetime
    source: str
    score: int
    id: str = ""
    balance: int = 0
    status: str = "active"
    transactions: list[Transaction] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def available(self) -> int:
        return self.limit - self.balance

    @property
    def minimum(self) -> int:
        """2 % of the balance, half a cent rounded up, but at least 25 dollars or all of it."""
        return min(self.balance, max(25_00, (2 * self.balance + 50) // 100))


@dataclass
class Request:
    owner: str
    score: int
    id: str = ""
    status: str = "pending"
    card: Card | None = None
    events: list[str] = field(default_factory=lambda: ["card.requested"])


@dataclass
class User:
    id: str
    status: str = "active"
    scores: list[tuple[int, str]] = field(default_factory=lambda: [(500, "initial_score")])
    cards: list[Card] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    rejected_at: datetime | None = None
    events: list[str] = field(default_factory=lambda: ["user.created"])

    @property
    def score(self) -> int:
        return self.scores[-1][0]

    @property
    def tier_limit(self) -> int:
        return TIER_LIMITS[tier_of(self.score)]

    @property
    def pending(self) -> Request | None:
        return next((request for request in self.requests if request.status == "pending"), None)

    @property
    def has_active_card(self) -> bool:
        return any(card.status == "active" for card in self.cards)

    def score_moves(self, by: int, reason: str) -> tuple[int, int]:
        """Move the score, within 0 to 1000, and return what it was and is."""
        before = self.score
        self.scores.append((max(0, min(1000, before + by)), reason))
        return before, self.score


@dataclass
class Answer:
    """What must be answered: for a refusal its code, for a success the thing that it shows."""

    status: int
    code: str | None = None
    subject: Any = None
    made: tuple[Any, ...] = ()
    """What gets its id from the answer, in the order request, card."""

    score_move: tuple[int, int] | None = None
    replays: bytes | None = None

    @property
    def outcome(self) -> str:
        """Return "success", "replay" or the code of a refusal."""
        return self.code or ("success" if self.replays is None else "replay")


def points(card: Card, cents: int, now: datetime) -> int:
    """Return what a payment is worth, on the card as it is before it."""
    late = (now.astimezone(UTC).date() - card.due.astimezone(UTC).date()).days
    if late > 0:
        return -(20 if late <= 7 else 50 if late <= 30 else 100)
    if cents == card.balance:
        return 50
    if cents <= card.minimum:
        return 10
    return (2 * (10 * card.balance + 40 * cents) + card.balance) // (2 * card.balance)

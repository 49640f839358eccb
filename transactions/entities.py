"""Purchases and payments."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class TransactionType(StrEnum):
    PURCHASE = "purchase"
    PAYMENT = "payment"


class TransactionStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"


class PaymentStatus(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class ScoreImpact:
    """What a payment did to its user's score; `delta` is what was really applied."""

    previous_score: int
    new_score: int
    delta: int
    reason: PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One purchase or payment on a card, completed or refused. `amount` in dollars."""

    transaction_id: str
    ecosystem_id: str
    card_id: str
    type: TransactionType
    amount: Decimal
    merchant: str | None = None
    status: TransactionStatus = TransactionStatus.COMPLETED
    payment_status: PaymentStatus | None = None
    score_impact: ScoreImpact | None = None
    failure_reason: str | None = None
    timestamp: datetime

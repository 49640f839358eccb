"""Purchases, payments and the list of both."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.callers import Caller
from accounts.entities import ScoreRecord, ScoreSource, User
from accounts.events import score_changed
from accounts.rules import change_score
from accounts.services import require_user
from cards.entities import Card, CardKey
from cards.services import get_card, require_card
from financial_api.application import commands
from financial_api.application.commands import Outcome, Submission
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel import ids
from financial_api.kernel.errors import ApiError
from infra_backends import persistence, remote_config
from infra_backends.persistence.repositories import Page
from outbox.entities import EntityType, SequenceKey
from transactions import rules
from transactions.entities import (
    PaymentStatus,
    ScoreImpact,
    Transaction,
    TransactionStatus,
    TransactionType,
)
from transactions.events import paid, purchased


@dataclass(frozen=True, slots=True)
class TransactionResult:
    """A transaction and its card after it; `impact` is what a payment did to the score."""

    transaction: Transaction
    card: Card
    impact: ScoreImpact | None = None


def purchase(
    caller: Caller,
    card_id: str,
    amount: Decimal,
    merchant: str | None,
    submission: Submission[TransactionResult],
) -> Outcome[TransactionResult]:
    """Buy for an amount of dollars with the caller's card.

    Raises NotFound, ValidationError unless the card is active, InsufficientCredit. The refusal of
    a purchase on a card of the caller's own is kept as a failed transaction.
    """
    key = CardKey(caller.ecosystem_id, card_id)
    sequence = SequenceKey(EntityType.CARD, card_id)

    def decide(work: UnitOfWork) -> TransactionResult:
        user, card = require_user(work, caller.user_key), require_card(work, key)
        transaction = _transaction(
            work,
            card,
            TransactionType.PURCHASE,
            amount,
            merchant=merchant or rules.UNKNOWN_MERCHANT,
        )
        charged = _apply(rules.purchase, work, user, card, transaction)
        work.save(user.with_totals_moved(card.totals, charged.totals, work.now), charged)
        work.add(transaction)
        work.emit(purchased(transaction, charged))
        return TransactionResult(transaction, charged)

    return commands.run(caller, lambda: [caller.user_key, key, sequence], decide, submission)


def payment(
    caller: Caller, card_id: str, amount: Decimal, submission: Submission[TransactionResult]
) -> Outcome[TransactionResult]:
    """Pay off an amount of dollars of a card's balance, which moves the caller's score.

    Raises NotFound, and ValidationError without a balance, over it, or on a card in a state that is
    not known here. The refusal of a payment on a card of the caller's own is kept as a failed
    transaction.
    """
    key = CardKey(caller.ecosystem_id, card_id)
    card_sequence = SequenceKey(EntityType.CARD, card_id)
    score_sequence = SequenceKey(EntityType.SCORE, caller.ecosystem_id)

    def decide(work: UnitOfWork) -> TransactionResult:
        user, card = require_user(work, caller.user_key), require_card(work, key)
        attempted = _transaction(work, card, TransactionType.PAYMENT, amount)
        cleared = _apply(rules.payment, work, user, card, attempted)
        days = rules.days_late(card.next_due_date, work.now)
        scored, record = _score(work, user, card, attempted, days)
        impact = ScoreImpact(
            previous_score=record.previous_value,
            new_score=record.value,
            delta=record.delta,
            reason=rules.payment_status(days),
        )
        transaction = replace(attempted, payment_status=impact.reason, score_impact=impact)
        work.save(scored.with_totals_moved(card.totals, cleared.totals, work.now), cleared)
        work.add(transaction)
        work.add(record)
        work.emit(paid(transaction, cleared, impact, days))
        work.emit(score_changed(record))
        return TransactionResult(transaction, cleared, impact)

    return commands.run(
        caller,
        lambda: [caller.user_key, key, card_sequence, score_sequence],
        decide,
        submission,
    )


def transactions_of(
    ecosystem_id: str,
    card_id: str,
    type: TransactionType | None,
    after: str | None,
    limit: int,
) -> Page[Transaction]:
    """Return a page of a user's own card's transactions, newest first. Raises NotFound."""
    get_card(ecosystem_id, card_id)
    return persistence.transactions.page(ecosystem_id, card_id, type, after=after, limit=limit)


def _transaction(
    work: UnitOfWork,
    card: Card,
    type: TransactionType,
    amount: Decimal,
    *,
    merchant: str | None = None,
) -> Transaction:
    return Transaction(
        transaction_id=ids.new_id(work.now),
        ecosystem_id=card.ecosystem_id,
        card_id=card.card_id,
        type=type,
        amount=amount,
        merchant=merchant,
        timestamp=work.now,
    )


def _apply(
    rule: Callable[..., Card], work: UnitOfWork, user: User, card: Card, transaction: Transaction
) -> Card:
    """Return the card after the rule; a refusal is kept as the transaction, failed."""
    try:
        return rule(card, transaction.amount, work.now)
    except ApiError as error:
        failed = replace(transaction, status=TransactionStatus.FAILED, failure_reason=error.message)
        raise work.refuse(error, keeping=failed, because_of=(user, card)) from error


def _score(
    work: UnitOfWork, user: User, card: Card, transaction: Transaction, days: int
) -> tuple[User, ScoreRecord]:
    points = rules.score_change(card, transaction.amount, days, remote_config.parameters())
    late = rules.payment_status(days) is PaymentStatus.LATE
    return change_score(
        user,
        user.current_score + points,
        work.now,
        reason="payment_late" if late else "payment_on_time",
        source=ScoreSource.SYSTEM,
        related_to=("transaction", transaction.transaction_id),
    )

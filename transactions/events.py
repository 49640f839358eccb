"""What purchases and payments tell the world."""

from typing import Any

from accounts.rules import tier_of
from cards.entities import Card
from outbox.entities import EntityType, EventDraft, EventType
from transactions.entities import PaymentStatus, ScoreImpact, Transaction


def purchased(transaction: Transaction, card: Card) -> EventDraft:
    return _of_card(
        EventType.TRANSACTION_PURCHASE,
        transaction,
        card,
        {"merchant": transaction.merchant},
    )


def paid(transaction: Transaction, card: Card, impact: ScoreImpact, days_late: int) -> EventDraft:
    payload: dict[str, Any] = {"paymentStatus": impact.reason}
    if impact.reason is PaymentStatus.LATE:
        payload["daysOverdue"] = days_late
    payload |= {
        "scoreImpact": impact.delta,
        "newScore": impact.new_score,
        "newTier": tier_of(impact.new_score),
    }
    return _of_card(EventType.TRANSACTION_PAYMENT, transaction, card, payload)


def _of_card(
    event_type: EventType, transaction: Transaction, card: Card, more: dict[str, Any]
) -> EventDraft:
    payload = {
        "transactionId": transaction.transaction_id,
        "cardId": card.card_id,
        "ecosystemId": card.ecosystem_id,
        "amount": transaction.amount,
        "newBalance": card.balance,
        "newAvailableCredit": card.available_credit,
    }
    return EventDraft(event_type, EntityType.CARD, card.card_id, card.ecosystem_id, payload | more)

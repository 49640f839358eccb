"""What purchases and payments tell the world."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from accounts.entities import Tier
from accounts.rules import tier_of
from cards.entities import Card
from outbox.declarations import CardId, Dollars, EcosystemId, EventDeclaration, Score
from outbox.entities import EntityType, EventDraft, EventType
from transactions.entities import PaymentStatus, ScoreImpact, Transaction


class Moved(TypedDict):
    """What purchases and payments have in common."""

    transactionId: Annotated[
        str, Meta(description="The transaction.", extra_json_schema={"format": "uuid"})
    ]
    cardId: CardId
    ecosystemId: EcosystemId
    amount: Dollars
    newBalance: Dollars
    newAvailableCredit: Dollars


class Purchased(Moved):
    merchant: Annotated[str, Meta(description="Where it was made.")]


class Paid(Moved):
    paymentStatus: Annotated[PaymentStatus, Meta(description="On time, or late.")]
    daysOverdue: NotRequired[
        Annotated[int, Meta(ge=0, description="Only of a late payment: by how many days.")]
    ]
    scoreImpact: Annotated[
        int, Meta(ge=-1000, le=1000, description="What it did to the user's score.")
    ]
    newScore: Score
    newTier: Annotated[Tier, Meta(description="The tier of the new score.")]


PURCHASED = EventDeclaration(
    EventType.TRANSACTION_PURCHASE,
    EntityType.CARD,
    Purchased,
    "A purchase has gone through. A refused one tells nothing.",
)
PAID = EventDeclaration(
    EventType.TRANSACTION_PAYMENT,
    EntityType.CARD,
    Paid,
    "A payment has gone through. A score.changed of the same moment tells of the score.",
)
DECLARED = (PURCHASED, PAID)


def purchased(transaction: Transaction, card: Card) -> EventDraft:
    assert transaction.merchant is not None  # noqa: S101  # every purchase has one
    return PURCHASED.draft(
        card.card_id,
        card.ecosystem_id,
        {
            "transactionId": transaction.transaction_id,
            "cardId": card.card_id,
            "ecosystemId": card.ecosystem_id,
            "amount": transaction.amount,
            "newBalance": card.balance,
            "newAvailableCredit": card.available_credit,
            "merchant": transaction.merchant,
        },
    )


def paid(transaction: Transaction, card: Card, impact: ScoreImpact, days_late: int) -> EventDraft:
    payload: Paid = {
        "transactionId": transaction.transaction_id,
        "cardId": card.card_id,
        "ecosystemId": card.ecosystem_id,
        "amount": transaction.amount,
        "newBalance": card.balance,
        "newAvailableCredit": card.available_credit,
        "paymentStatus": impact.reason,
        "scoreImpact": impact.delta,
        "newScore": impact.new_score,
        "newTier": tier_of(impact.new_score),
    }
    if impact.reason is PaymentStatus.LATE:
        payload["daysOverdue"] = days_late
    return PAID.draft(card.card_id, card.ecosystem_id, payload)

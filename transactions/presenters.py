"""What transactions look like to a client."""

from typing import Any

from cards.presenters import present_card_summary
from financial_api.kernel.clock import iso
from transactions.entities import ScoreImpact, Transaction
from transactions.services import TransactionResult


def present_transaction(transaction: Transaction) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "transactionId": transaction.transaction_id,
        "type": transaction.type,
        "amount": transaction.amount,
        "status": transaction.status,
        "timestamp": iso(transaction.timestamp),
    }
    if transaction.merchant is not None:
        shown["merchant"] = transaction.merchant
    if transaction.payment_status is not None:
        shown["paymentStatus"] = transaction.payment_status
    if transaction.score_impact is not None:
        shown["scoreImpact"] = _present_impact(transaction.score_impact)
    if transaction.failure_reason is not None:
        shown["failureReason"] = transaction.failure_reason
    return shown


def present_result(result: TransactionResult) -> dict[str, Any]:
    shown = {
        "transaction": present_transaction(result.transaction),
        "card": present_card_summary(result.card),
    }
    if result.impact is not None:
        shown["scoreImpact"] = _present_impact(result.impact)
    return shown


def _present_impact(impact: ScoreImpact) -> dict[str, Any]:
    return {
        "previousScore": impact.previous_score,
        "newScore": impact.new_score,
        "delta": impact.delta,
        "reason": impact.reason,
    }

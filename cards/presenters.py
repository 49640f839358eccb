"""What cards, offers and card requests look like to a client."""

from typing import Any

from cards.approval import Offer, days_pending, requires_attention
from cards.entities import Card, Decision
from cards.rules import is_near_limit, minimum_payment
from cards.services import RequestResult, RequestReview
from financial_api.kernel.clock import iso


def present_card_summary(card: Card) -> dict[str, Any]:
    return {
        "cardId": card.card_id,
        "type": card.type,
        "status": card.status,
        "limit": card.limit,
        "balance": card.balance,
        "availableCredit": card.available_credit,
        "minimumPayment": minimum_payment(card.balance),
        "nextDueDate": iso(card.next_due_date),
        "nearLimit": is_near_limit(card),
    }


def present_card(card: Card) -> dict[str, Any]:
    return present_card_summary(card) | {
        "createdAt": iso(card.created_at),
        "activatedAt": iso(card.activated_at),
        "approvedBy": card.approved_by,
        "scoreAtApproval": card.score_at_approval,
    }


def present_card_answer(card: Card) -> dict[str, Any]:
    return {"card": present_card(card)}


def present_offer(offer: Offer) -> dict[str, Any]:
    cooldown = offer.cooldown_until
    return {
        "productId": offer.product_id,
        "productType": offer.product_type,
        "name": offer.name,
        "description": offer.description,
        "terms": {
            "creditLimit": offer.credit_limit,
            "apr": offer.apr,
            "annualFee": offer.annual_fee,
        },
        "eligibility": {
            "eligible": offer.eligible,
            "subjectToApproval": offer.subject_to_approval,
            "cooldownUntil": iso(cooldown) if cooldown is not None else None,
        },
    }


def present_request(result: RequestResult) -> dict[str, Any]:
    request = result.request
    shown: dict[str, Any] = {
        "requestId": request.request_id,
        "status": request.status,
        "scoreAtRequest": request.score_at_request,
    }
    if request.decision is not None:
        shown["decision"] = _present_decision(request.decision)
    if result.card is not None:
        shown["card"] = present_card_summary(result.card)
    return {"request": shown}


def _present_decision(decision: Decision) -> dict[str, Any]:
    shown: dict[str, Any] = {"outcome": decision.outcome, "source": decision.source}
    if decision.approved_limit is not None:
        shown["approvedLimit"] = decision.approved_limit
    if decision.reason is not None:
        shown["reason"] = decision.reason
    return shown


def present_review(review: RequestReview) -> dict[str, Any]:
    request, user = review.request, review.user
    return {
        "requestId": request.request_id,
        "user": {"ecosystemId": user.ecosystem_id, "email": user.email},
        "scoreAtRequest": request.score_at_request,
        "currentScore": user.current_score,
        "tierAtRequest": request.tier_at_request,
        "daysPending": days_pending(request, review.at),
        "requiresAttention": requires_attention(request, review.at),
        "productId": request.product_id,
        "status": request.status,
        "createdAt": iso(request.created_at),
    }


def present_decided(review: RequestReview) -> dict[str, Any]:
    shown: dict[str, Any] = {"request": present_review(review)}
    if review.card is not None:
        shown["card"] = present_card(review.card)
    return shown

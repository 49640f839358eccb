"""Examples for the schema, made by the presenters from one imagined card."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from accounts.examples import CUSTOMER, LATER, NOW, REASON_INPUT
from cards.approval import PRODUCT_ID, approve, offers_for, open_request, reject
from cards.entities import DecisionSource
from cards.presenters import (
    present_card,
    present_card_summary,
    present_decided,
    present_offer,
    present_request,
    present_review,
)
from cards.services import RequestResult, RequestReview
from financial_api.kernel.parameters import Parameters

__all__ = ["REASON_INPUT"]

_WAITING, _NEW = open_request(CUSTOMER, PRODUCT_ID, NOW)
_PENDING = replace(_NEW, request_id="019bc0fd-89c0-7000-8000-0000000000c1")
_OWNER, _DECIDED, _CARD = approve(
    _WAITING, _PENDING, Decimal("5000.00"), LATER, source=DecisionSource.AUTO
)
EXAMPLE_CARD = replace(_CARD, card_id="019bc134-7840-7000-8000-0000000000c2")
_APPROVED = replace(_DECIDED, card_id=EXAMPLE_CARD.card_id)
_REJECTED_USER, _REJECTED = reject(_WAITING, _PENDING, "Income could not be verified", LATER)
_LAST_PAGE = {"nextCursor": None, "hasMore": False}

REQUEST_INPUT = {"productId": PRODUCT_ID}
APPROVAL_INPUT = {"creditLimit": 1500, "reason": "Good standing elsewhere"}
OFFERS = {"offers": [present_offer(offer) for offer in offers_for(CUSTOMER, Parameters(), NOW)]}
CARDS = {"cards": [present_card_summary(EXAMPLE_CARD)]}
CARD = {"card": present_card(EXAMPLE_CARD)}
REQUEST = present_request(RequestResult(_APPROVED, EXAMPLE_CARD))
REVIEWS = {
    "requests": [present_review(RequestReview(_PENDING, _WAITING, NOW + timedelta(days=7)))],
    "pagination": _LAST_PAGE,
}
APPROVAL = present_decided(RequestReview(_APPROVED, _OWNER, LATER, EXAMPLE_CARD))
REJECTION = present_decided(RequestReview(_REJECTED, _REJECTED_USER, LATER))

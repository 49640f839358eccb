"""Examples for the schema, made by the presenters from one imagined card."""

from datetime import timedelta

from accounts.specimens import CUSTOMER, LATER, NOW
from cards.approval import PRODUCT_ID, offers_for, reject
from cards.presenters import (
    present_card,
    present_card_summary,
    present_decided,
    present_offer,
    present_request,
    present_review,
)
from cards.services import RequestResult, RequestReview
from cards.specimens import (
    APPROVED_REQUEST,
    CARDHOLDER,
    EXAMPLE_CARD,
    EXAMPLE_REQUEST,
    WAITING_CUSTOMER,
)
from financial_api.kernel.parameters import Parameters

_REJECTED_USER, _REJECTED = reject(
    WAITING_CUSTOMER, EXAMPLE_REQUEST, "Income could not be verified", LATER
)
_LAST_PAGE = {"nextCursor": None, "hasMore": False}

REQUEST_INPUT = {"productId": PRODUCT_ID}
APPROVAL_INPUT = {"creditLimit": 1500, "reason": "Good standing elsewhere"}
OFFERS = {"offers": [present_offer(offer) for offer in offers_for(CUSTOMER, Parameters(), NOW)]}
CARDS = {"cards": [present_card_summary(EXAMPLE_CARD)]}
CARD = {"card": present_card(EXAMPLE_CARD)}
REQUEST = present_request(RequestResult(APPROVED_REQUEST, EXAMPLE_CARD))
REVIEWS = {
    "requests": [
        present_review(RequestReview(EXAMPLE_REQUEST, WAITING_CUSTOMER, NOW + timedelta(days=7)))
    ],
    "pagination": _LAST_PAGE,
}
APPROVAL = present_decided(RequestReview(APPROVED_REQUEST, CARDHOLDER, LATER, EXAMPLE_CARD))
REJECTION = present_decided(RequestReview(_REJECTED, _REJECTED_USER, LATER))

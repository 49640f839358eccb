"""The imagined customer's card, and how it came about."""

from dataclasses import replace
from decimal import Decimal

from accounts.specimens import CUSTOMER, LATER, NOW
from cards.approval import PRODUCT_ID, approve, open_request
from cards.entities import DecisionSource

WAITING_CUSTOMER, _new = open_request(CUSTOMER, PRODUCT_ID, NOW)
EXAMPLE_REQUEST = replace(_new, request_id="019bc0fd-89c0-7000-8000-0000000000c1")
CARDHOLDER, _approved, _card = approve(
    WAITING_CUSTOMER, EXAMPLE_REQUEST, Decimal("5000.00"), LATER, source=DecisionSource.AUTO
)
EXAMPLE_CARD = replace(_card, card_id="019bc134-7840-7000-8000-0000000000c2")
APPROVED_REQUEST = replace(_approved, card_id=EXAMPLE_CARD.card_id)

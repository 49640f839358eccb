"""Examples for the schema, made by the presenters."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from accounts.specimens import LATER
from cards.specimens import EXAMPLE_CARD
from transactions import rules
from transactions.entities import PaymentStatus, ScoreImpact, Transaction, TransactionType
from transactions.presenters import present_result, present_transaction
from transactions.services import TransactionResult

_AMOUNT = Decimal("120.50")
_BOUGHT_AT = LATER + timedelta(hours=1)
_PAID_AT = _BOUGHT_AT + timedelta(days=3)
_CHARGED = rules.purchase(EXAMPLE_CARD, _AMOUNT, _BOUGHT_AT)
_IMPACT = ScoreImpact(500, 550, 50, PaymentStatus.ON_TIME)
_PURCHASE = Transaction(
    transaction_id="019bc16b-66c0-7000-8000-0000000000d1",
    ecosystem_id=EXAMPLE_CARD.ecosystem_id,
    card_id=EXAMPLE_CARD.card_id,
    type=TransactionType.PURCHASE,
    amount=_AMOUNT,
    merchant="Corner Bookshop",
    timestamp=_BOUGHT_AT,
)
_PAYMENT = replace(
    _PURCHASE,
    transaction_id="019bd0de-7ac0-7000-8000-0000000000d2",
    type=TransactionType.PAYMENT,
    merchant=None,
    payment_status=PaymentStatus.ON_TIME,
    score_impact=_IMPACT,
    timestamp=_PAID_AT,
)

PURCHASE_INPUT = {"amount": 120.5, "merchant": "Corner Bookshop"}
PAYMENT_INPUT = {"amount": 120.5}
PURCHASE = present_result(TransactionResult(_PURCHASE, _CHARGED))
PAYMENT = present_result(
    TransactionResult(_PAYMENT, rules.payment(_CHARGED, _AMOUNT, _PAID_AT), _IMPACT)
)
TRANSACTIONS = {
    "transactions": [present_transaction(_PAYMENT), present_transaction(_PURCHASE)],
    "pagination": {"nextCursor": None, "hasMore": False},
}

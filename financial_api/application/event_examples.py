"""An example of each event, made by the code that makes the real ones."""

from dataclasses import replace
from decimal import Decimal

from accounts.callers import Caller, Identity
from accounts.entities import Role, ScoreSource, UserStatus
from accounts.events import score_changed, user_created, user_status_changed
from accounts.rules import change_score
from accounts.specimens import CUSTOMER, LATER, NOW
from cards.approval import PRODUCT_ID, open_request
from cards.entities import CardStatus
from cards.events import card_approved, card_rejected, card_requested, card_status_changed
from cards.specimens import EXAMPLE_CARD
from financial_api.application.events import cleaned_up
from financial_api.kernel.cleanup import DeletedCounts
from outbox.entities import Event, EventDraft, EventType
from transactions.entities import PaymentStatus, ScoreImpact, Transaction, TransactionType
from transactions.events import paid, purchased

_ADMIN = Caller(Identity(subject="admin-001", ecosystem_id="admin-001", role=Role.ADMIN))
_REASON = "Reported by the customer"
_REQUEST = replace(open_request(CUSTOMER, PRODUCT_ID, NOW)[1], request_id=EXAMPLE_CARD.request_id)
_SUSPENDED = replace(EXAMPLE_CARD, status=CardStatus.SUSPENDED)
_CANCELLED = replace(EXAMPLE_CARD, status=CardStatus.CANCELLED)
_CHARGED = replace(EXAMPLE_CARD, balance=Decimal("120.50"))
_PURCHASE = Transaction(
    transaction_id="019bc16b-66c0-7000-8000-0000000000d1",
    ecosystem_id=EXAMPLE_CARD.ecosystem_id,
    card_id=EXAMPLE_CARD.card_id,
    type=TransactionType.PURCHASE,
    amount=Decimal("120.50"),
    merchant="Corner Bookshop",
    timestamp=LATER,
)
_PAYMENT = replace(
    _PURCHASE,
    transaction_id="019bd0de-7ac0-7000-8000-0000000000d2",
    type=TransactionType.PAYMENT,
    merchant=None,
)
_RECORD = change_score(
    CUSTOMER, 430, LATER, reason=_REASON, source=ScoreSource.ADMIN, source_id="admin-001"
)[1]

_DRAFTS = (
    user_created(CUSTOMER),
    user_status_changed(replace(CUSTOMER, status=UserStatus.DISABLED), _REASON, _ADMIN),
    user_status_changed(CUSTOMER, _REASON, _ADMIN),
    score_changed(_RECORD),
    card_requested(_REQUEST),
    card_approved(_REQUEST, EXAMPLE_CARD, _ADMIN),
    card_rejected(_REQUEST, "Income could not be verified", _ADMIN),
    card_status_changed(EXAMPLE_CARD, _SUSPENDED, _REASON, _ADMIN),
    card_status_changed(_SUSPENDED, EXAMPLE_CARD, _REASON, _ADMIN),
    card_status_changed(EXAMPLE_CARD, _CANCELLED, _REASON, _ADMIN),
    purchased(_PURCHASE, _CHARGED),
    paid(_PAYMENT, EXAMPLE_CARD, ScoreImpact(500, 450, -50, PaymentStatus.LATE), 9),
    cleaned_up(
        DeletedCounts(users=3, cards=2, transactions=41, card_requests=2, events=50), _ADMIN, LATER
    ),
)
_BY_TYPE: dict[EventType, EventDraft] = {draft.event_type: draft for draft in _DRAFTS}


def example_of(event_type: EventType) -> Event:
    """Return an event of a type, as the first of its entity."""
    draft = _BY_TYPE[event_type]
    return Event(
        event_id="019bc0f3-51c0-7000-8000-0000000000e1",
        event_type=draft.event_type,
        entity_type=draft.entity_type,
        entity_id=draft.entity_id,
        ecosystem_id=draft.ecosystem_id,
        sequence_number=1,
        payload=draft.payload,
        shard=0,
        next_retry_at=LATER,
        created_at=LATER,
    )

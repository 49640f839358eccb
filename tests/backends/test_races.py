"""Races with a known winner: it commits between two steps of the loser.

Each is arranged through `Interleaving`, so that no luck is in it; `test_threads` leaves it to luck.
"""

import pytest

from accounts.entities import UserKey
from cards.entities import CardStatus, RequestStatus
from financial_api.kernel.errors import ErrorCode
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import EntityType, EventType
from tests.support.customers import (
    Admin,
    Customer,
    a_cardholder,
    a_waiting_customer,
    refusal_of,
)
from tests.support.interleaving import Interleaving
from tests.support.storing import the
from transactions.entities import TransactionStatus

pytestmark = pytest.mark.usefixtures("no_pauses")


def event_types(backend: PersistenceBackend, kind: EntityType, entity_id: str) -> list[EventType]:
    page = backend.outbox.page(None, (kind, entity_id), after=None, limit=100)
    assert [event.sequence_number for event in page.items] == list(range(len(page.items), 0, -1))
    return [event.event_type for event in reversed(page.items)]


def test_of_two_creations_of_a_user_one_creates_and_the_other_finds(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    winner, loser = Customer("user-001"), Customer("user-001")
    interleaving.before_commit(winner.register)

    registration = loser.register()

    assert not registration.created
    assert event_types(backend, EntityType.USER, "user-001") == [EventType.USER_CREATED]
    assert len(backend.users.score_history("user-001", 10)) == 1
    assert the(backend, UserKey("user-001")).version == 2


def test_two_purchases_that_both_fit_are_both_made(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card
    interleaving.before_commit(lambda: customer.buy(card, "40.00"))

    customer.buy(card, "60.00")

    assert str(customer.card.balance) == "100.00"
    assert customer.user.card_summary == customer.card.totals
    assert event_types(backend, EntityType.CARD, card.card_id) == [
        EventType.TRANSACTION_PURCHASE,
        EventType.TRANSACTION_PURCHASE,
    ]


def test_of_two_purchases_for_the_last_credit_the_loser_is_refused(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card
    interleaving.before_commit(lambda: customer.buy(card, "60.00"))

    refusal = refusal_of(lambda: customer.buy(card, "60.00"))

    assert refusal is ErrorCode.INSUFFICIENT_CREDIT
    assert str(customer.card.balance) == "60.00"
    assert len(customer.transactions(card, TransactionStatus.COMPLETED)) == 1
    assert len(customer.transactions(card, TransactionStatus.FAILED)) == 1


def test_a_loser_that_loses_again_and_again_gets_through_in_the_end(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card
    interleaving.before_commit(*[lambda: customer.buy(card, "1.00")] * 9)

    customer.buy(card, "0.50")

    assert str(customer.card.balance) == "9.50"


def test_a_loser_that_never_wins_is_told_of_the_conflict_and_leaves_nothing(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card
    interleaving.before_commit(*[lambda: customer.buy(card, "1.00")] * 10)

    refusal = refusal_of(lambda: customer.buy(card, "0.50"))

    assert refusal is ErrorCode.VERSION_CONFLICT
    assert str(customer.card.balance) == "10.00"
    assert len(customer.transactions(card)) == 10


def test_a_purchase_and_a_payment_both_count(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card
    customer.buy(card, "100.00")
    interleaving.before_commit(lambda: customer.pay(card, "30.00"))

    customer.buy(card, "5.00")

    assert str(customer.card.balance) == "75.00"
    assert customer.user.card_summary == customer.card.totals


def test_of_two_card_requests_under_two_keys_one_leads_to_a_card(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = Customer("user-001")
    customer.register()
    interleaving.before_commit(customer.request_card)

    assert refusal_of(customer.request_card) is ErrorCode.CARD_ALREADY_EXISTS
    assert len(customer.cards) == 1
    assert customer.user.card_summary == customer.card.totals


def test_of_two_card_requests_under_two_keys_one_stays_pending(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = Customer("user-001")
    customer.register()
    Admin().set_score(customer, 400)
    interleaving.before_commit(customer.request_card)

    assert refusal_of(customer.request_card) is ErrorCode.CARD_REQUEST_EXISTS
    page = backend.card_requests.page(None, oldest_first=True, after=None, limit=10)
    assert len(page.items) == 1


@pytest.mark.parametrize("winner", ["approve", "reject"])
def test_of_an_approval_and_a_rejection_the_first_decides(
    backend: PersistenceBackend, interleaving: Interleaving, winner: str
) -> None:
    customer, request = a_waiting_customer()
    loser = "reject" if winner == "approve" else "approve"
    interleaving.before_commit(lambda: getattr(Admin("admin-001"), winner)(request))

    refusal = refusal_of(lambda: getattr(Admin("admin-002"), loser)(request))

    assert refusal is ErrorCode.REQUEST_ALREADY_PROCESSED
    approved = winner == "approve"
    expected = RequestStatus.APPROVED if approved else RequestStatus.REJECTED
    assert the(backend, request.key).status is expected
    assert len(customer.cards) == int(approved)
    assert len(backend.audit_logs.page_of_actor("admin-002", after=None, limit=5).items) == 0
    assert len(event_types(backend, EntityType.CARD_REQUEST, request.request_id)) == 2


def test_a_request_beaten_by_its_own_twin_is_replayed(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card, twins = customer.card, []
    interleaving.before_commit(lambda: twins.append(customer.buy(card, "10.00", key="same")))

    outcome = customer.buy(card, "10.00", key="same")

    assert outcome.replayed
    assert outcome.body == twins[0].body
    assert str(customer.card.balance) == "10.00"


@pytest.mark.parametrize("place", ["within_read", "before_commit"])
def test_a_purchase_whose_twin_took_all_the_credit_is_replayed_and_not_refused(
    backend: PersistenceBackend, interleaving: Interleaving, place: str
) -> None:
    customer = a_cardholder(limit="100.00")
    card, twins = customer.card, []
    arrange = getattr(interleaving, place)
    arrange(lambda: twins.append(customer.buy(card, "100.00", key="same")))

    outcome = customer.buy(card, "100.00", key="same")

    assert outcome.replayed
    assert outcome.body == twins[0].body
    assert len(customer.transactions(card)) == 1


@pytest.mark.parametrize("place", ["within_read", "before_commit"])
@pytest.mark.parametrize("score", [500, 400])
def test_a_card_request_whose_twin_was_first_is_replayed_and_not_refused(
    backend: PersistenceBackend, interleaving: Interleaving, place: str, score: int
) -> None:
    customer, twins = Customer("user-001"), []
    customer.register()
    Admin().set_score(customer, score)
    getattr(interleaving, place)(lambda: twins.append(customer.request_card(key="same")))

    outcome = customer.request_card(key="same")

    assert outcome.replayed
    assert outcome.body == twins[0].body


def test_a_refusal_is_not_kept_once_its_twin_has_succeeded(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card
    customer.buy(card, "60.00")

    def pay_and_let_the_twin_through() -> None:
        customer.pay(card, "60.00")
        customer.buy(card, "50.00", key="same")

    interleaving.before_commit(pay_and_let_the_twin_through)

    outcome = customer.buy(card, "50.00", key="same")

    assert outcome.replayed
    assert customer.transactions(card, TransactionStatus.FAILED) == []
    assert str(customer.card.balance) == "50.00"


def test_a_refusal_whose_reason_vanishes_before_it_is_kept_becomes_a_success(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card
    customer.buy(card, "60.00")
    interleaving.before_commit(lambda: customer.pay(card, "60.00"))

    outcome = customer.buy(card, "50.00")

    assert not outcome.replayed
    assert customer.transactions(card, TransactionStatus.FAILED) == []


def test_a_purchase_does_not_pass_a_suspension(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card
    interleaving.before_commit(lambda: Admin().set_card_status(card, CardStatus.SUSPENDED))

    assert refusal_of(lambda: customer.buy(card, "10.00")) is ErrorCode.VALIDATION_ERROR
    assert customer.card.balance == 0
    assert customer.user.card_summary == customer.card.totals


def test_a_card_with_a_fresh_balance_is_not_cancelled(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card
    interleaving.before_commit(lambda: customer.buy(card, "10.00"))

    refusal = refusal_of(lambda: Admin().set_card_status(card, CardStatus.CANCELLED))

    assert refusal is ErrorCode.INVALID_STATE_TRANSITION
    assert customer.card.status is CardStatus.ACTIVE


@pytest.mark.parametrize("reactivation_wins", [True, False])
def test_a_reactivation_and_an_approval_leave_one_active_card(
    backend: PersistenceBackend, interleaving: Interleaving, *, reactivation_wins: bool
) -> None:
    customer, request = _with_a_suspended_card_and_a_pending_request()
    card = customer.card
    reactivate = lambda: Admin("admin-001").set_card_status(card, CardStatus.ACTIVE)  # noqa: E731
    approve = lambda: Admin("admin-002").approve(request)  # noqa: E731
    winner, loser = (reactivate, approve) if reactivation_wins else (approve, reactivate)
    interleaving.before_commit(winner)

    assert refusal_of(loser) is ErrorCode.CARD_ALREADY_EXISTS
    active = [card for card in customer.cards if card.status is CardStatus.ACTIVE]
    assert len(active) == customer.user.card_summary.active_cards == 1


def _with_a_suspended_card_and_a_pending_request():
    customer, admin = a_cardholder(), Admin()
    admin.set_card_status(customer.card, CardStatus.SUSPENDED)
    admin.set_score(customer, 400)
    return customer, customer.request_card().result.request

"""What admins are told of relayed events: once for each event, and only what still matters."""

import pytest
from pytest_django import Settings

from accounts.entities import UserKey
from cards.entities import CardRequestKey
from financial_api.kernel.parameters import Parameters
from infra_backends import persistence, remote_config
from infra_backends.config import static
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from notifications import asking
from notifications.admins import Admin as WhatsAppAdmin
from notifications.entities import ApprovalStatus, DeliveryStatus, PendingApprovalKey
from outbox.entities import EntityType, Event, EventType
from tests.support.customers import Admin, Customer, a_cardholder, a_waiting_customer
from tests.support.interleaving import Interleaving
from tests.support.storing import stored, the
from tests.support.whatsapp import ANA, BEA, BOTH, asked_about, events_of

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(autouse=True)
def _admins(settings: Settings) -> None:
    settings.WHATSAPP_ADMINS = BOTH


def requested(request_id: str) -> Event:
    (event, *_) = events_of(EntityType.CARD_REQUEST, request_id)
    assert event.event_type is EventType.CARD_REQUESTED
    return event


def test_every_admin_is_asked_about_a_pending_request_and_a_tracker_is_kept(
    backend: PersistenceBackend,
) -> None:
    customer, request = a_waiting_customer()

    asking.ask_for_approval(requested(request.request_id))

    messages = asked_about(request)
    assert [message.phone for message in messages] == [ANA.phone, BEA.phone]
    for message in messages:
        assert message.delivery_status is DeliveryStatus.PENDING
        assert customer.user.email in message.text
        assert f"y {request.short_code}" in message.text
    tracker = the(backend, PendingApprovalKey(request.request_id))
    assert tracker.approval_status is ApprovalStatus.PENDING
    assert set(tracker.notification_ids) == {message.notification_id for message in messages}
    assert (tracker.expires_at - tracker.created_at).total_seconds() == 24 * 3600


def test_an_event_that_comes_again_asks_nobody_again(backend: PersistenceBackend) -> None:
    _, request = a_waiting_customer()
    event = requested(request.request_id)

    for _ in range(3):
        asking.ask_for_approval(event)

    assert [message.version for message in asked_about(request)] == [1, 1]
    assert the(backend, PendingApprovalKey(request.request_id)).version == 1


def test_two_relays_that_deliver_an_event_at_once_ask_once(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    _, request = a_waiting_customer()
    event = requested(request.request_id)
    interleaving.before_commit(lambda: asking.ask_for_approval(event))

    asking.ask_for_approval(event)

    assert [message.version for message in asked_about(request)] == [1, 1]


def test_nobody_is_asked_about_a_request_that_was_decided(backend: PersistenceBackend) -> None:
    _, request = a_waiting_customer()
    Admin().reject(request)

    asking.ask_for_approval(requested(request.request_id))

    assert asked_about(request) == []
    assert stored(backend, PendingApprovalKey(request.request_id)) is None


def test_nobody_is_asked_about_a_request_that_is_decided_meanwhile(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    _, request = a_waiting_customer()
    interleaving.before_commit(lambda: Admin().approve(request))

    asking.ask_for_approval(requested(request.request_id))

    assert asked_about(request) == []


def test_nobody_is_asked_about_a_request_that_was_approved_at_once(
    backend: PersistenceBackend,
) -> None:
    customer = a_cardholder()
    key = CardRequestKey(customer.ecosystem_id, customer.card.request_id)

    asking.ask_for_approval(requested(key.request_id))

    assert asked_about(the(backend, key)) == []


def test_nobody_is_told_anything_where_that_is_switched_off(backend: PersistenceBackend) -> None:
    _, request = a_waiting_customer()
    customer = a_paying_customer()
    switched_off = static.Backend(values={"whatsapp/notificationsEnabled": "false"})

    with remote_config.use(switched_off):
        asking.ask_for_approval(requested(request.request_id))
        asking.tell_of_payment(payment_of(customer))

    assert asked_about(request) == []
    assert told_of_payment(customer) == []
    assert stored(backend, PendingApprovalKey(request.request_id)) is None


def test_the_hours_until_a_request_expires_are_those_of_the_configuration(
    backend: PersistenceBackend,
) -> None:
    _, request = a_waiting_customer()
    configured = static.Backend(values={"whatsapp/approvalExpiryHours": "2"})

    with remote_config.use(configured):
        asking.ask_for_approval(requested(request.request_id))

    tracker = the(backend, PendingApprovalKey(request.request_id))
    assert (tracker.expires_at - tracker.created_at).total_seconds() == 2 * 3600
    assert Parameters().approval_expiry_hours == 24


def test_eight_admins_the_tracker_and_its_request_fit_in_one_commit(
    backend: PersistenceBackend, settings: Settings
) -> None:
    phones = [f"551198765432{number}" for number in range(8)]
    settings.WHATSAPP_ADMINS = {
        phone: WhatsAppAdmin(phone, "admin-001", "a@example.com") for phone in phones
    }
    _, request = a_waiting_customer()

    asking.ask_for_approval(requested(request.request_id))

    assert [message.phone for message in asked_about(request)] == phones


def a_paying_customer() -> Customer:
    customer = a_cardholder("user-paying")
    customer.buy(customer.card, "80.00")
    customer.pay(customer.card, "12.50")
    return customer


def payment_of(customer: Customer) -> Event:
    event = events_of(EntityType.CARD, customer.card.card_id)[-1]
    assert event.event_type is EventType.TRANSACTION_PAYMENT
    return event


def told_of_payment(customer: Customer) -> list[str]:
    found = persistence.notifications.of_entity(EntityType.CARD, customer.card.card_id, 100)
    return [message.text for message in found]


def test_every_admin_is_told_once_of_a_payment_with_the_card_masked(
    backend: PersistenceBackend,
) -> None:
    customer = a_paying_customer()
    event = payment_of(customer)

    for _ in range(2):
        asking.tell_of_payment(event)

    first, second = told_of_payment(customer)
    assert first == second
    assert "$12.50" in first
    assert customer.card.card_id[-4:] in first
    assert customer.card.card_id not in first


def test_a_decision_closes_the_tracker_whoever_made_it(backend: PersistenceBackend) -> None:
    outcomes = {}
    for name, decide in {
        ApprovalStatus.APPROVED: Admin().approve,
        ApprovalStatus.REJECTED: Admin().reject,
    }.items():
        _, request = a_waiting_customer(f"user-{name}")
        asking.ask_for_approval(requested(request.request_id))
        decide(request)
        for _ in range(2):
            asking.close_tracker(events_of(EntityType.CARD_REQUEST, request.request_id)[-1])
        outcomes[name] = the(backend, PendingApprovalKey(request.request_id))

    assert {name: tracker.approval_status for name, tracker in outcomes.items()} == {
        name: name for name in outcomes
    }
    assert {tracker.version for tracker in outcomes.values()} == {2}


def test_a_decision_on_a_request_that_nobody_was_asked_about_closes_nothing(
    backend: PersistenceBackend,
) -> None:
    _, request = a_waiting_customer()
    Admin().reject(request)

    asking.close_tracker(events_of(EntityType.CARD_REQUEST, request.request_id)[-1])

    assert stored(backend, PendingApprovalKey(request.request_id)) is None


def test_a_store_that_does_not_answer_is_no_fault_of_the_event(
    backend: PersistenceBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, request = a_waiting_customer()
    event = requested(request.request_id)

    def away(*_: object) -> None:
        raise BackendUnavailable("no answer")

    monkeypatch.setattr(backend, "commit", away)
    with pytest.raises(BackendUnavailable):
        asking.ask_for_approval(event)
    monkeypatch.undo()

    assert the(backend, UserKey(request.ecosystem_id)).pending_request is not None
    assert asked_about(request) == []

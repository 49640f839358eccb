"""What only a newer version knows of the same store: it survives what this one does, and is shown.

The stores of this module are as a newer version has left them: databases have columns that this
one does not know, of which one may be NULL and one has a default, and take any member of an
enumeration.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from accounts.audit import TargetType
from accounts.entities import Role, UserStatus
from accounts.presenters import present_audit_log, present_dashboard, present_user
from accounts.services import Dashboard
from cards.entities import Card, CardStatus, RequestStatus
from cards.presenters import present_card, present_request, present_review
from cards.services import RequestResult, RequestReview
from financial_api.kernel import clock
from financial_api.kernel.cleanup import CleanupState
from financial_api.kernel.encoding import dumps
from financial_api.kernel.errors import ErrorCode
from infra_backends import events
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit, SequenceMove
from infra_backends.persistence.repositories import Page
from notifications.entities import DeliveryStatus, NotificationKey
from notifications.presenters import present_outcome
from notifications.rules import status_after
from outbox.entities import EntitySequence, EntityType, Event, EventStatus, EventType, Lease
from outbox.presenters import present_event
from outbox.services import redrive
from tests.support.builders import (
    MOMENT,
    a_customer,
    a_notification,
    a_pending_approval,
    a_request,
    a_score_record,
    a_transaction,
    a_user,
    an_answer,
    an_audit_log,
    an_event,
    an_inbound_message,
    at,
    rejected,
    waiting_for,
)
from tests.support.customers import Admin, Customer, a_cardholder, a_waiting_customer, refusal_of
from tests.support.newer import lost, of_waiting
from tests.support.relays import LATER, MovingClock, PromptRelay, a_chain
from tests.support.sameness import assert_same
from tests.support.store import LEFT_OUT, LeftOut, Newer, Store
from tests.support.stores import BackendUnderTest
from tests.support.storing import first_move, the
from tests.support.storing import store as put
from tests.support.transport import Transport
from tests.support.unheard_of import TEXT, all_unheard_of, members_of, unheard_of
from transactions.presenters import present_transaction

HELD = "what a newer version holds"


@pytest.fixture(scope="module")
def store(entry: BackendUnderTest, django_db_blocker: DjangoDbBlocker) -> Iterator[Store]:
    """A store of this module's own, since it stays as a newer version has left it."""
    with django_db_blocker.unblock():
        try:
            opening = entry.open()
            opened = opening.__enter__()
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
        yield opened
        opening.__exit__(None, None, None)


@pytest.fixture
def newer(backend: PersistenceBackend, store: Store) -> Newer:
    return store.newer()


user, request, card = a_customer()
waiting_request = a_request("user-002")

SAVED: dict[str, tuple[list[Any], Any, dict[str, Any]]] = {
    "user": (
        [],
        waiting_for(a_user("user-002"), waiting_request),
        {"updated_at": at(1), "status": UserStatus.DISABLED},
    ),
    "request": ([user], rejected(a_request()), {"updated_at": at(1)}),
    "card": ([user, request], card, {"status": CardStatus.SUSPENDED}),
    "event": ([], an_event(), {"status": EventStatus.SENT, "sent_at": at(2)}),
    "cleanup state": ([], CleanupState(), {"running": True}),
    "lease": ([], Lease(shard=3), {"holder": "worker-1", "expires_at": at(3)}),
    "notification": ([], a_notification(), {"attempts": 1, "updated_at": at(1)}),
    "pending approval": ([], a_pending_approval(), {"updated_at": at(1)}),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_save_keeps_what_only_a_newer_version_holds(
    backend: PersistenceBackend, newer: Newer, name: str
) -> None:
    besides, row, changes = SAVED[name]
    put(backend, *besides, row)
    newer.mark(HELD)
    before = newer.marks()
    changed = replace(the(backend, row.key), **changes)

    backend.commit(Commit(now=MOMENT, saves=[changed]))
    backend.commit(Commit(now=MOMENT, saves=[the(backend, row.key)]))

    assert before
    assert lost(before, newer) == {}
    assert the(backend, row.key) == replace(changed, version=3)


def test_a_counter_keeps_what_only_a_newer_version_holds(
    backend: PersistenceBackend, newer: Newer
) -> None:
    counter = EntitySequence(entity_type=EntityType.USER, entity_id="user-001", last_number=1)
    put(backend, counter)
    newer.mark(HELD)
    before = newer.marks()
    known = the(backend, counter.key)

    backend.commit(
        Commit(now=MOMENT, sequences=[SequenceMove(known, replace(known, last_number=2))])
    )

    assert before
    assert lost(before, newer) == {}
    assert the(backend, counter.key).last_number == 2


def test_what_is_never_changed_is_read_as_it_was(backend: PersistenceBackend, newer: Newer) -> None:
    log, bought = an_audit_log(), a_transaction(card)
    put(backend, user, request, card, log, bought, an_inbound_message(), a_score_record())
    newer.mark(HELD)

    target = backend.audit_logs.page_of_target(log.target_type, log.target_id, after=None, limit=5)
    history = backend.transactions.page(user.ecosystem_id, card.card_id, None, after=None, limit=5)

    assert list(target.items) == [log]
    assert list(history.items) == [bought]
    assert len(backend.users.score_history("user-001", 5)) == 1


def test_what_is_made_anew_holds_nothing_of_what_was_there_before(
    backend: PersistenceBackend, newer: Newer
) -> None:
    answer = an_answer()
    put(backend, user, request, card, answer)
    newer.mark(HELD)
    before = newer.marks()
    backend.purge(1)  # the user goes first, while its card and its request stay

    later = answer.expires_at
    again = replace(answer, created_at=later, expires_at=later + timedelta(days=1))
    backend.commit(Commit(now=later, saves=[a_user()], idempotency=again))

    after = newer.marks()
    assert len(after) == len([place for place in before if _is_of_cards(place)])
    assert all(_is_of_cards(place) for place in after)
    assert the(backend, answer.key) == again


def _is_of_cards(place: tuple[Any, ...]) -> bool:
    return "card" in str(place[0]).lower()


def test_no_command_loses_what_only_a_newer_version_holds(
    backend: PersistenceBackend, newer: Newer, no_pauses: None
) -> None:
    customer, admin = Customer("user-001"), Admin()
    rejected_one, request_of_theirs = a_waiting_customer("user-002")
    admin.register()
    customer.register()
    customer.request_card()
    bought = customer.card
    steps: list[Callable[[], Any]] = [
        customer.register,
        lambda: admin.set_score(customer, 800),
        lambda: customer.buy(bought, "100.00"),
        lambda: customer.pay(bought, "40.00"),
        lambda: refusal_of(lambda: customer.buy(bought, "9999.00")),
        lambda: customer.pay(bought, "60.00"),
        lambda: admin.set_card_status(bought, CardStatus.SUSPENDED),
        lambda: admin.set_card_status(bought, CardStatus.ACTIVE),
        lambda: admin.set_card_status(bought, CardStatus.CANCELLED),
        lambda: admin.disable(customer),
        lambda: admin.set_status(customer, UserStatus.ACTIVE),
        lambda: customer.request_card(),
        PromptRelay("a relay").drain,
    ]
    for number, step in enumerate(steps):
        newer.mark(f"{HELD} at step {number}")
        before = newer.marks()
        step()
        assert lost(before, newer) == {}, number

    newer.mark(HELD)
    before = newer.marks()
    admin.reject(request_of_theirs)

    assert lost(before, newer) == of_waiting(before)
    assert rejected_one.user.pending_request is None


LISTED: dict[str, tuple[list[Any], Any, Callable[..., Page[Any]]]] = {
    "transaction": (
        [user, request, card],
        a_transaction(card),
        lambda backend: partial(
            backend.transactions.page, user.ecosystem_id, card.card_id, None, after=None
        ),
    ),
    "event": ([], an_event(), lambda backend: partial(backend.outbox.page, None, None, after=None)),
    "request": (
        [user],
        rejected(a_request()),
        lambda backend: partial(backend.card_requests.page, None, oldest_first=True, after=None),
    ),
    "audit record": (
        [],
        an_audit_log(),
        lambda backend: partial(
            backend.audit_logs.page_of_target, unheard_of(TargetType), "user-001", after=None
        ),
    ),
    "audit record of an admin": (
        [],
        an_audit_log(),
        lambda backend: partial(backend.audit_logs.page_of_actor, "admin-001", after=None),
    ),
}


@pytest.mark.parametrize("name", LISTED)
def test_a_list_shows_members_that_only_a_newer_version_knows(
    backend: PersistenceBackend, newer: Newer, name: str
) -> None:
    besides, row, listing = LISTED[name]
    odd = all_unheard_of(row)
    put(backend, *besides, odd)

    (shown,) = listing(backend)(limit=10).items

    assert_same(_stored(shown), _stored(odd))
    assert set(members_of(shown).values()) == {TEXT}
    assert TEXT in str(dumps(SHOWN[type(shown).__name__](shown)))


def _stored(row: Any) -> Any:
    """Return a row without what its first commit has added to it."""
    return replace(row, version=1) if hasattr(row, "version") else row


SHOWN: dict[str, Callable[[Any], Any]] = {
    "Transaction": present_transaction,
    "Event": present_event,
    "CardRequest": lambda row: [
        present_request(RequestResult(row, None)),
        present_review(RequestReview(row, user, at(5))),
    ],
    "AuditLog": present_audit_log,
    "User": lambda row: [present_user(row), present_dashboard(Dashboard(row, [card]))],
    "Card": lambda row: [present_card(row), present_dashboard(Dashboard(user, [row]))],
    "InboundMessage": present_outcome,
}

KEPT: dict[str, tuple[list[Any], Any]] = {
    "user": ([], user),
    "card": ([user, request], card),
    "notification": ([], a_notification()),
    "pending approval": ([], a_pending_approval()),
    "inbound message": ([], an_inbound_message()),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_row_is_read_and_saved_with_members_that_only_a_newer_version_knows(
    backend: PersistenceBackend, newer: Newer, name: str
) -> None:
    besides, row = KEPT[name]
    odd = all_unheard_of(row)
    put(backend, *besides, odd)

    found = the(backend, odd.key)
    if name != "inbound message":
        backend.commit(Commit(now=MOMENT, saves=[replace(found, updated_at=at(7))]))

    assert_same(_stored(found), _stored(odd))
    assert set(members_of(the(backend, odd.key)).values()) == {TEXT}
    if type(row).__name__ in SHOWN:
        assert TEXT in str(dumps(SHOWN[type(row).__name__](found)))


def test_a_counter_of_an_entity_that_only_a_newer_version_knows_is_found(
    backend: PersistenceBackend, newer: Newer
) -> None:
    counter = EntitySequence(
        entity_type=unheard_of(EntityType), entity_id="user-001", last_number=1
    )
    backend.commit(Commit(now=MOMENT, sequences=[first_move(counter)]))

    assert_same(the(backend, counter.key), counter)


def test_lists_of_what_is_known_leave_out_what_is_not(
    backend: PersistenceBackend, newer: Newer
) -> None:
    odd = a_notification(delivery_status=unheard_of(DeliveryStatus))
    put(backend, user, *map(all_unheard_of, (a_request(), an_event(), a_pending_approval())), odd)

    assert [
        row
        for status in RequestStatus
        for row in backend.card_requests.page(status, oldest_first=True, after=None, limit=5).items
    ] == []
    assert [
        row
        for status in EventStatus
        for row in backend.outbox.page(status, None, after=None, limit=5).items
    ] == []
    assert list(backend.notifications.due(LATER, 5)) == []
    assert list(backend.pending_approvals.expired(LATER + timedelta(days=9), 5)) == []
    assert backend.outbox.oldest_unsent() is None
    assert [
        row.key
        for row in backend.notifications.of_entity(
            odd.related_entity_type, odd.related_entity_id, 5
        )
    ] == [NotificationKey(odd.notification_id)]


@pytest.fixture
def transport() -> Iterator[Transport]:
    with events.use(Transport()) as transport:
        yield transport


def test_an_event_of_a_type_that_only_a_newer_version_knows_goes_out_in_its_order(
    backend: PersistenceBackend, newer: Newer, transport: Transport
) -> None:
    first, second, third = a_chain("card-001", 3)
    odd = replace(second, event_type=unheard_of(EventType), payload={"new": ["things"]})
    put(backend, first, odd, third)

    with clock.installed(MovingClock(LATER)):
        sent = PromptRelay("a relay").drain()

    assert sent == 3
    assert [event.event_id for event in transport.published] == [
        event.event_id for event in (first, odd, third)
    ]
    assert str(transport.published[1].event_type) == TEXT
    assert transport.published[1].payload == odd.payload
    assert the(backend, odd.key).status is EventStatus.SENT


def test_an_event_in_a_state_that_only_a_newer_version_knows_is_left_alone(
    backend: PersistenceBackend, newer: Newer, transport: Transport
) -> None:
    first, second = a_chain("card-001", 2)
    odd = replace(first, status=unheard_of(EventStatus))
    put(backend, odd, second)

    with clock.installed(MovingClock(LATER)):
        PromptRelay("a relay").drain()

    assert [event.event_id for event in transport.published] == [second.event_id]
    assert_same(the(backend, odd.key), replace(odd, version=1))


def in_state(backend: PersistenceBackend, row: Any, enum: Any) -> Any:
    """Have a stored row be in a state that only a newer version knows, and return it."""
    odd = replace(the(backend, row.key), status=unheard_of(enum))
    backend.commit(Commit(now=MOMENT, saves=[odd]))
    return the(backend, row.key)


def test_a_user_in_an_unknown_state_may_look_and_do_nothing(
    backend: PersistenceBackend, newer: Newer
) -> None:
    customer, admin = a_cardholder(), Admin()
    bought = customer.card
    in_state(backend, customer.user, UserStatus)

    assert customer.user.status == TEXT
    assert customer.cards == [bought]
    assert refusal_of(lambda: customer.buy(bought, "1.00")) is ErrorCode.FORBIDDEN
    assert refusal_of(customer.register) is ErrorCode.FORBIDDEN
    for status in UserStatus:
        refused = refusal_of(partial(admin.set_status, customer, status))
        assert refused is ErrorCode.INVALID_STATE_TRANSITION
    assert refusal_of(lambda: admin.set_score(customer, 400)) is None
    assert customer.user.status == TEXT


def test_a_card_in_an_unknown_state_is_neither_used_nor_moved(
    backend: PersistenceBackend, newer: Newer
) -> None:
    customer, admin = a_cardholder(), Admin()
    customer.buy(customer.card, "10.00")
    odd: Card = in_state(backend, customer.card, CardStatus)

    assert refusal_of(lambda: customer.buy(odd, "1.00")) is ErrorCode.VALIDATION_ERROR
    assert refusal_of(lambda: customer.pay(odd, "1.00")) is ErrorCode.VALIDATION_ERROR
    for status in CardStatus:
        refused = refusal_of(partial(admin.set_card_status, odd, status))
        assert refused is ErrorCode.INVALID_STATE_TRANSITION
    assert_same(customer.card, odd)


def test_a_request_in_an_unknown_state_is_decided_by_nobody(
    backend: PersistenceBackend, newer: Newer
) -> None:
    _, pending = a_waiting_customer()
    admin = Admin()
    odd = in_state(backend, pending, RequestStatus)

    assert refusal_of(lambda: admin.approve(odd)) is ErrorCode.REQUEST_ALREADY_PROCESSED
    assert refusal_of(lambda: admin.reject(odd)) is ErrorCode.REQUEST_ALREADY_PROCESSED
    assert status_after(odd) == "expired"
    assert_same(the(backend, odd.key), odd)


def test_an_event_in_an_unknown_state_is_not_redriven(
    backend: PersistenceBackend, newer: Newer
) -> None:
    event = an_event()
    put(backend, event)
    odd: Event = in_state(backend, event, EventStatus)

    refused = refusal_of(lambda: redrive(Admin().caller, odd.event_id, "For the test"))

    assert refused is ErrorCode.INVALID_STATE_TRANSITION


@pytest.mark.parametrize("enum", [Role, UserStatus, CardStatus, EventType, EventStatus])
def test_what_is_asked_for_is_one_of_those_that_are_known(enum: Any) -> None:
    with pytest.raises(ValueError, match=TEXT):
        enum(TEXT)

    assert unheard_of(enum) not in set(enum)
    assert unheard_of(enum) == TEXT

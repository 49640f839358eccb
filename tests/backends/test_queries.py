"""Queries that are no pages, filters, and positions whose row has gone from the listing."""

from dataclasses import replace

import pytest

from accounts.audit import TargetType
from cards.entities import CardStatus, RequestStatus
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from outbox.entities import EntityType, EventStatus
from tests.backends.test_reads import ODD_IDS, shortened
from tests.support.builders import (
    MOMENT,
    a_card,
    a_customer,
    a_request,
    a_score_record,
    a_transaction,
    a_user,
    an_event,
    an_id,
    at,
    rejected,
)
from tests.support.storing import store, the
from transactions.entities import TransactionType


def test_a_score_history_is_newest_first(backend: PersistenceBackend) -> None:
    store(backend, a_user())
    for second in (2, 3, 1):
        store(backend, a_score_record(moment=at(second), reason=f"change {second}"))

    history = backend.users.score_history("user-001", 10)

    assert [record.reason for record in history] == ["change 3", "change 2", "change 1"]


def test_a_score_history_is_no_longer_than_asked_for(backend: PersistenceBackend) -> None:
    store(backend, a_user(), *(a_score_record(moment=at(n), reason=f"{n}") for n in range(5)))

    assert [record.reason for record in backend.users.score_history("user-001", 2)] == ["4", "3"]


def test_a_score_history_is_one_users(backend: PersistenceBackend) -> None:
    store(backend, a_user("user-001"), a_user("user-002"), a_score_record("user-002"))

    assert list(backend.users.score_history("user-001", 10)) == []


def test_a_users_cards_are_newest_first_whatever_their_status(backend: PersistenceBackend) -> None:
    store(backend, a_user())
    cards = []
    for second, status in enumerate(
        [CardStatus.CANCELLED, CardStatus.SUSPENDED, CardStatus.ACTIVE]
    ):
        request = rejected(a_request(moment=at(second)))
        cards.append(a_card(request, at(second), status=status))
        store(backend, request, cards[-1])

    found = backend.cards.of_user("user-001")

    assert [card.card_id for card in found] == [card.card_id for card in reversed(cards)]


def test_a_users_cards_are_nobody_elses(backend: PersistenceBackend) -> None:
    store(backend, *a_customer("user-001"), a_user("user-002"))

    assert list(backend.cards.of_user("user-002")) == []


def test_a_card_is_listed_as_it_is_now(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card)
    backend.commit(
        Commit(now=MOMENT, saves=[replace(the(backend, card.key), status=CardStatus.SUSPENDED)])
    )

    assert list(backend.cards.of_user("user-001")) == [the(backend, card.key)]


def test_a_requests_owner_is_found_by_its_id(backend: PersistenceBackend) -> None:
    request = a_request("user-002")
    store(backend, a_user("user-001"), a_user("user-002"), request)

    assert backend.card_requests.owner_of(request.request_id) == "user-002"


def test_a_request_that_is_not_there_has_no_owner(backend: PersistenceBackend) -> None:
    assert backend.card_requests.owner_of(an_id(0)) is None


def test_a_decided_request_moves_from_one_status_to_the_other(backend: PersistenceBackend) -> None:
    request = a_request()
    store(backend, a_user(), request)
    backend.commit(Commit(now=MOMENT, saves=[rejected(the(backend, request.key))]))

    def listed(status: RequestStatus | None) -> int:
        page = backend.card_requests.page(status, oldest_first=False, after=None, limit=5)
        return len(page.items)

    assert listed(RequestStatus.PENDING) == 0
    assert listed(RequestStatus.REJECTED) == 1
    assert listed(None) == 1


@pytest.mark.parametrize("oldest_first", [True, False])
def test_a_page_goes_on_after_a_request_that_left_its_status(
    backend: PersistenceBackend, oldest_first: bool
) -> None:
    requests = [a_request(f"user-{n}", at(n)) for n in range(4)]
    for request in requests:
        store(backend, a_user(request.ecosystem_id), request)

    def page(after: str | None):
        return backend.card_requests.page(
            RequestStatus.PENDING, oldest_first=oldest_first, after=after, limit=2
        )

    first = page(None)
    backend.commit(Commit(now=MOMENT, saves=[rejected(row) for row in first.items]))
    second = page(first.next_position)

    shown = {row.request_id for row in (*first.items, *second.items)}
    assert shown == {request.request_id for request in requests}


def test_a_page_goes_on_after_an_event_that_left_its_status(backend: PersistenceBackend) -> None:
    events = [an_event(n, at(n)) for n in range(1, 5)]
    store(backend, *events)
    first = backend.outbox.page(EventStatus.PENDING, None, after=None, limit=2)
    sent = [replace(event, status=EventStatus.SENT, sent_at=at(9)) for event in first.items]
    backend.commit(Commit(now=MOMENT, saves=sent))

    second = backend.outbox.page(EventStatus.PENDING, None, after=first.next_position, limit=2)

    shown = {event.event_id for event in (*first.items, *second.items)}
    assert shown == {event.event_id for event in events}


def test_a_page_goes_on_after_a_row_that_is_gone(backend: PersistenceBackend) -> None:
    events = [an_event(n, at(n)) for n in range(1, 5)]
    store(backend, *events)
    first = backend.outbox.page(None, None, after=None, limit=2)
    while backend.purge(100):
        pass
    store(backend, events[0], events[3], an_event(9, at(9)))

    second = backend.outbox.page(None, None, after=first.next_position, limit=2)

    assert [event.event_id for event in second.items] == [events[0].event_id]


def test_a_filtered_page_is_full_however_rare_its_rows_are(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card, *(a_transaction(card, at(n)) for n in range(60)))
    payments = [
        a_transaction(card, at(n + 0.5), type=TransactionType.PAYMENT, merchant=None)
        for n in (0, 25, 50)
    ]
    store(backend, *payments)

    page = backend.transactions.page(
        "user-001", card.card_id, TransactionType.PAYMENT, after=None, limit=2
    )

    assert list(page.items) == [payments[2], payments[1]]
    assert page.next_position is not None


def test_a_position_serves_both_with_and_without_a_filter(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card, *(a_transaction(card, at(n)) for n in range(3)))
    first = backend.transactions.page("user-001", card.card_id, None, after=None, limit=1)

    second = backend.transactions.page(
        "user-001", card.card_id, TransactionType.PURCHASE, after=first.next_position, limit=5
    )

    assert [row.timestamp for row in second.items] == [at(1), at(0)]


@pytest.mark.parametrize("odd", ODD_IDS, ids=shortened)
def test_a_query_by_an_odd_id_finds_nothing(backend: PersistenceBackend, odd: str) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card, a_transaction(card), an_event())

    assert list(backend.users.score_history(odd, 5)) == []
    assert list(backend.cards.of_user(odd)) == []
    assert backend.card_requests.owner_of(odd) is None
    for page in (
        backend.transactions.page("user-001", odd, None, after=None, limit=5),
        backend.outbox.page(None, (EntityType.CARD, odd), after=None, limit=5),
        backend.audit_logs.page_of_target(TargetType.CARD, odd, after=None, limit=5),
        backend.audit_logs.page_of_actor(odd, after=None, limit=5),
    ):
        assert list(page.items) == []
        assert page.next_position is None

"""Commands over every backend: what they leave behind, and in which order."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from threading import Timer

import pytest

from accounts.entities import UserKey, UserStatus
from cards.entities import CardStatus
from financial_api.application import commands
from financial_api.kernel import clock, deadline
from financial_api.kernel.errors import ErrorCode, VersionConflict
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.retries import SPARE_SECONDS
from outbox.entities import EntityType, Event, EventType
from tests.support.builders import MOMENT
from tests.support.clocks import SetClock
from tests.support.customers import Admin, Customer, a_cardholder, refusal_of
from tests.support.interleaving import Interleaving
from transactions.entities import TransactionStatus

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def set_clock(backend: PersistenceBackend) -> Iterator[SetClock]:
    with clock.installed(SetClock(MOMENT)) as installed:
        yield installed


def events_of(backend: PersistenceBackend, kind: EntityType, entity_id: str) -> list[Event]:
    """Return an entity's events, oldest first."""
    page = backend.outbox.page(None, (kind, entity_id), after=None, limit=1000)
    return list(reversed(page.items))


def test_a_purchase_moves_the_card_and_its_users_totals_together(
    backend: PersistenceBackend,
) -> None:
    customer = a_cardholder()

    customer.buy(customer.card, "12.34")

    assert str(customer.card.balance) == "12.34"
    assert customer.user.card_summary == customer.card.totals


def test_a_payment_numbers_the_cards_event_and_the_scores(backend: PersistenceBackend) -> None:
    customer = a_cardholder()
    customer.buy(customer.card, "100.00")

    customer.pay(customer.card, "100.00")

    on_card = events_of(backend, EntityType.CARD, customer.card.card_id)
    (on_score,) = events_of(backend, EntityType.SCORE, customer.ecosystem_id)
    assert [(event.sequence_number, event.event_type) for event in on_card] == [
        (1, EventType.TRANSACTION_PURCHASE),
        (2, EventType.TRANSACTION_PAYMENT),
    ]
    assert on_card[1].previous_event_id == on_card[0].event_id
    assert (on_score.sequence_number, on_score.event_type) == (1, EventType.SCORE_CHANGED)


def test_an_approval_at_once_numbers_both_its_events(backend: PersistenceBackend) -> None:
    customer = a_cardholder()

    requested, approved = events_of(backend, EntityType.CARD_REQUEST, customer.card.request_id)

    assert [requested.sequence_number, approved.sequence_number] == [1, 2]
    assert approved.previous_event_id == requested.event_id


def test_a_purchase_over_the_credit_is_kept_and_changes_nothing_else(
    backend: PersistenceBackend,
) -> None:
    customer = a_cardholder(limit="100.00")
    before = customer.card, customer.user

    refusal = refusal_of(lambda: customer.buy(before[0], "100.01"))

    assert refusal is ErrorCode.INSUFFICIENT_CREDIT
    (kept,) = customer.transactions(customer.card)
    assert (kept.status, str(kept.amount)) == (TransactionStatus.FAILED, "100.01")
    assert kept.failure_reason
    assert (customer.card, customer.user) == before
    assert events_of(backend, EntityType.CARD, customer.card.card_id) == []


def test_a_purchase_on_a_suspended_card_is_kept(backend: PersistenceBackend) -> None:
    customer = a_cardholder()
    Admin().set_card_status(customer.card, CardStatus.SUSPENDED)

    assert refusal_of(lambda: customer.buy(customer.card, "1.00")) is ErrorCode.VALIDATION_ERROR
    assert len(customer.transactions(customer.card, TransactionStatus.FAILED)) == 1


def test_a_refusal_leaves_its_key_free(backend: PersistenceBackend) -> None:
    customer = a_cardholder(limit="100.00")
    customer.buy(customer.card, "60.00")
    refusal_of(lambda: customer.buy(customer.card, "50.00", key="again"))
    customer.pay(customer.card, "60.00")

    outcome = customer.buy(customer.card, "50.00", key="again")

    assert not outcome.replayed
    assert str(customer.card.balance) == "50.00"


def test_the_same_key_again_is_answered_the_same_and_does_nothing(
    backend: PersistenceBackend,
) -> None:
    customer = a_cardholder()
    first = customer.buy(customer.card, "10.00", key="once")

    second = customer.buy(customer.card, "10.00", key="once")

    assert second.replayed
    assert second.body == first.body
    assert str(customer.card.balance) == "10.00"


def test_an_answer_is_replayed_to_its_last_microsecond_and_not_at_its_expiry(
    set_clock: SetClock,
) -> None:
    customer = a_cardholder()
    set_clock.move(seconds=1)
    started = set_clock.now()
    customer.buy(customer.card, "10.00", key="once")

    set_clock.present = started + timedelta(hours=24) - clock.TICK
    assert customer.buy(customer.card, "10.00", key="once").replayed
    set_clock.present = started + timedelta(hours=24)
    assert not customer.buy(customer.card, "10.00", key="once").replayed


def test_a_record_is_never_older_than_its_cards_last_when_a_clock_steps_back(
    set_clock: SetClock,
) -> None:
    customer = a_cardholder()
    set_clock.move(hours=1)
    customer.buy(customer.card, "1.00")
    last_change = customer.card.updated_at

    set_clock.move(minutes=-1)
    customer.buy(customer.card, "2.00")

    newest, older = customer.transactions(customer.card)
    assert [str(newest.amount), str(older.amount)] == ["2.00", "1.00"]
    assert newest.timestamp > older.timestamp
    assert customer.card.updated_at > last_change


def test_events_keep_their_order_when_a_clock_steps_back(
    backend: PersistenceBackend, set_clock: SetClock
) -> None:
    customer = a_cardholder()
    for amount in ("1.00", "2.00", "3.00"):
        customer.buy(customer.card, amount)
        set_clock.move(minutes=-1)

    events = events_of(backend, EntityType.CARD, customer.card.card_id)

    assert [event.sequence_number for event in events] == [1, 2, 3]
    assert sorted(events, key=lambda event: event.created_at) == events


def test_a_history_keeps_its_order_when_a_clock_steps_back(
    backend: PersistenceBackend, set_clock: SetClock
) -> None:
    customer, admin = Customer("user-001"), Admin()
    customer.register()
    for score in (600, 700, 800):
        set_clock.move(minutes=-1)
        admin.set_score(customer, score)

    history = backend.users.score_history(customer.ecosystem_id, 10)

    assert [record.value for record in history] == [800, 700, 600, 500]


def test_a_caller_disabled_between_read_and_commit_cannot_write(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer, admin = a_cardholder(), Admin()
    card = customer.card
    interleaving.before_commit(lambda: admin.disable(customer))

    refusal = refusal_of(lambda: customer.buy(card, "10.00"))

    assert refusal is ErrorCode.ACCOUNT_DISABLED
    assert customer.transactions(card) == []
    assert customer.cards == [card]


def test_an_admin_disabled_between_read_and_commit_cannot_write(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    admin, customer = Admin("admin-001"), Customer("user-001")
    admin.register()
    customer.register()
    interleaving.before_commit(lambda: Admin("admin-002").disable(admin))

    assert refusal_of(lambda: admin.set_score(customer, 900)) is ErrorCode.ACCOUNT_DISABLED
    assert customer.user.current_score == 500


def test_a_caller_disabled_while_it_is_refused_something_else_is_told_so(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer, admin = a_cardholder(), Admin()
    interleaving.within_read(lambda: None, lambda: admin.disable(customer))

    assert refusal_of(customer.request_card) is ErrorCode.ACCOUNT_DISABLED


def test_an_enabled_caller_can_write_again(backend: PersistenceBackend) -> None:
    customer, admin = a_cardholder(), Admin()
    card = customer.card
    admin.disable(customer)
    admin.set_status(customer, UserStatus.ACTIVE)

    assert refusal_of(lambda: customer.buy(card, "10.00")) is None


def test_a_straggler_fails_when_its_user_is_purged_before_its_commit(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    customer = a_cardholder()
    card = customer.card

    def purge_everything() -> None:
        while backend.purge(100):
            pass

    interleaving.before_commit(purge_everything)

    assert refusal_of(lambda: customer.buy(card, "10.00")) is ErrorCode.NOT_FOUND
    assert not backend.purge(100)


@pytest.mark.parametrize(
    ("pulse", "told"),
    [(commands._pulse, VersionConflict), (commands._Pulse(), BackendUnavailable)],
    ids=["of the others", "of a store that answers none of them"],
)
def test_who_waits_too_long_for_its_turn_is_told_why(
    backend: PersistenceBackend,
    monkeypatch: pytest.MonkeyPatch,
    pulse: commands._Pulse,
    told: type[Exception],
) -> None:
    customer = a_cardholder()
    card = customer.card
    queue = commands._queues[hash(UserKey(customer.ecosystem_id)) % len(commands._queues)]
    monkeypatch.setattr(commands, "_pulse", pulse)
    others = ExitStack()
    others.enter_context(queue.held(1))
    leaving = Timer(0.05, others.close)

    with deadline.within(SPARE_SECONDS / 2):
        leaving.start()
        with pytest.raises(told):
            customer.buy(card, "10.00")
    leaving.join()

    assert customer.transactions(card) == []

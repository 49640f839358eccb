"""Races between threads, left to luck: whatever the order, the sums are right."""

import contextlib
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from django.db import connections  # noqa: TID251  # what the ORM backend holds for a thread

from accounts.entities import CardTotals
from cards.entities import CardStatus
from financial_api.kernel.errors import ErrorCode, VersionConflict
from infra_backends import persistence
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from outbox.entities import EntityType
from tests.support.breaking import Announcing
from tests.support.builders import MOMENT, a_user, an_answer
from tests.support.customers import Admin, Customer, a_cardholder, refusal_of
from tests.support.storing import store, the
from tests.support.threads import Together
from transactions.entities import TransactionStatus

THREADS = 16
ROUNDS = 20
MOST_TRIES = 100
T = TypeVar("T")


def until_accepted(command: Callable[[], T]) -> T:
    """Return what comes of a command that its client repeats while others leave it no time."""
    for _ in range(MOST_TRIES):
        with contextlib.suppress(VersionConflict):
            return command()
    raise AssertionError(f"refused {MOST_TRIES} times")


def is_stored(backend: PersistenceBackend, commit: Commit) -> bool:
    try:
        backend.commit(commit)
    except ConcurrencyError:
        return False
    return True


def sum_over(customer: Customer) -> CardTotals:
    return sum((card.totals for card in customer.cards), CardTotals())


def test_a_thread_that_let_go_of_the_store_may_use_it_again(
    backend: PersistenceBackend, together: Together
) -> None:
    store(backend, a_user())

    def use_twice() -> None:
        for _ in range(2):
            the(backend, a_user().key)
            backend.leave_thread()
            assert all(each.connection is None for each in connections.all(initialized_only=True))

    together.run([use_twice] * THREADS)


def test_of_many_commits_on_one_version_exactly_one_is_stored(
    backend: PersistenceBackend, together: Together
) -> None:
    users = [a_user(f"user-{number}") for number in range(ROUNDS)]
    store(backend, *users)
    read = [the(backend, user.key) for user in users]

    def commit_each() -> list[bool]:
        return [is_stored(backend, Commit(now=MOMENT, saves=[user])) for user in read]

    stored = together.run([commit_each] * THREADS)

    assert [sum(of_one_user) for of_one_user in zip(*stored, strict=True)] == [1] * ROUNDS
    assert {the(backend, user.key).version for user in users} == {2}


def test_of_many_answers_under_one_key_exactly_one_is_stored(
    backend: PersistenceBackend, together: Together
) -> None:
    def answer(number: int) -> bool:
        record = an_answer(body=str(number).encode())
        return is_stored(backend, Commit(now=MOMENT, idempotency=record))

    stored = together.run([partial(answer, number) for number in range(THREADS)])

    assert stored.count(True) == 1
    assert the(backend, an_answer().key).body == str(stored.index(True)).encode()


def test_of_two_commits_that_each_rule_out_the_others_answer_at_most_one_is_stored(
    backend: PersistenceBackend, together: Together
) -> None:
    def answer_unless(mine: str, others: str) -> list[bool]:
        return [
            is_stored(
                backend,
                Commit(
                    now=MOMENT,
                    idempotency=an_answer(f"{mine}-{number}"),
                    unless_answered=an_answer(f"{others}-{number}").key,
                ),
            )
            for number in range(2 * ROUNDS)
        ]

    one, other = together.run(
        [partial(answer_unless, "one", "other"), partial(answer_unless, "other", "one")]
    )

    assert not any(all(both) for both in zip(one, other, strict=True))


def test_of_many_creations_of_one_user_one_creates(
    backend: PersistenceBackend, together: Together
) -> None:
    registrations = together.run([Customer("user-001").register] * 8)

    assert sum(registration.created for registration in registrations) == 1
    assert len(backend.users.score_history("user-001", 10)) == 1


def test_commands_of_one_process_lose_no_attempt_to_each_other(
    backend: PersistenceBackend, together: Together
) -> None:
    customer = a_cardholder()
    card = customer.card
    steps: list[str] = []

    with persistence.use(Announcing(backend, steps.append)):
        together.run([partial(until_accepted, partial(customer.buy, card, "1.00"))] * THREADS)

    assert customer.card.balance == THREADS
    assert steps.count("before read") == steps.count("before commit") == THREADS


def test_the_accepted_purchases_add_up_to_the_balance(
    backend: PersistenceBackend, together: Together
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card

    refusals = together.run(
        [partial(refusal_of, partial(customer.buy, card, "10.00")) for _ in range(THREADS)]
    )

    accepted = refusals.count(None)
    assert set(refusals) <= {None, ErrorCode.INSUFFICIENT_CREDIT, ErrorCode.VERSION_CONFLICT}
    assert customer.card.balance == 10 * accepted <= 100
    completed = customer.transactions(card, TransactionStatus.COMPLETED)
    assert sum(row.amount for row in completed) == customer.card.balance
    assert customer.user.card_summary == sum_over(customer)


def test_events_of_one_card_are_numbered_without_a_gap(
    backend: PersistenceBackend, together: Together
) -> None:
    customer = a_cardholder()
    card = customer.card

    def buy_some() -> None:
        for _ in range(3):
            until_accepted(partial(customer.buy, card, "1.00"))

    together.run([buy_some] * 8)

    page = backend.outbox.page(None, (EntityType.CARD, card.card_id), after=None, limit=100)
    events = sorted(page.items, key=lambda event: event.sequence_number)
    assert [event.sequence_number for event in events] == list(range(1, 25))
    assert [event.previous_event_id for event in events] == [
        None,
        *(event.event_id for event in events[:-1]),
    ]
    assert customer.card.balance == 24


def test_requests_under_one_key_are_one_purchase(
    backend: PersistenceBackend, together: Together
) -> None:
    customer = a_cardholder(limit="100.00")
    card = customer.card

    twin = partial(customer.buy, card, "100.00", "same")
    outcomes = together.run([partial(until_accepted, twin)] * 8)

    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert len({outcome.body for outcome in outcomes}) == 1
    assert len(customer.transactions(card)) == 1


def test_card_requests_under_many_keys_lead_to_one_card(
    backend: PersistenceBackend, together: Together
) -> None:
    customer = Customer("user-001")
    customer.register()

    together.run([partial(refusal_of, customer.request_card)] * 8)

    assert len(customer.cards) == 1
    assert customer.user.card_summary == sum_over(customer)


def test_a_users_totals_are_the_sum_over_its_cards_whatever_happens_at_once(
    backend: PersistenceBackend, together: Together
) -> None:
    customer, admin = a_cardholder(limit="2000.00"), Admin()
    first = customer.card
    customer.buy(first, "500.00")
    admin.set_card_status(first, CardStatus.SUSPENDED)
    admin.set_score(customer, 700)
    customer.request_card()
    second = customer.card

    together.run(
        [
            *[partial(refusal_of, partial(customer.buy, second, "7.00"))] * 4,
            *[partial(refusal_of, partial(customer.pay, first, "11.00"))] * 4,
            *[partial(refusal_of, partial(customer.pay, second, "3.00"))] * 2,
            partial(refusal_of, partial(admin.set_card_status, second, CardStatus.SUSPENDED)),
            partial(refusal_of, partial(admin.set_card_status, first, CardStatus.ACTIVE)),
        ]
    )

    assert customer.user.card_summary == sum_over(customer)
    assert customer.user.card_summary.active_cards <= 1


@pytest.mark.parametrize("amount", ["0.01", "33.33"])
def test_customers_do_not_hinder_each_other(
    backend: PersistenceBackend, together: Together, amount: str
) -> None:
    customers = [a_cardholder(f"user-{number}") for number in range(8)]
    cards = [customer.card for customer in customers]

    together.run(
        [partial(each.buy, card, amount) for each, card in zip(customers, cards, strict=True)]
    )

    assert {customer.card.balance for customer in customers} == {Decimal(amount)}

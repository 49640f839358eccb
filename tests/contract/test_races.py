"""Requests that race each other, on a server of several processes where that can be."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import TypeVar

import httpx
import pytest

from financial_api.kernel import deadline
from infra_backends.retries import LONGEST_PAUSE, SPARE_SECONDS
from tests.support.api import Admin, Customer, error_of, expect, new_key

BUYERS = 64
TWINS = 50
RIVALS = 16
PATIENCE_SECONDS = deadline.REQUEST_SECONDS - SPARE_SECONDS - LONGEST_PAUSE
"""How long a command tries at the least before it gives up."""
T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Return what each answered, all begun at the same moment."""
    start = Barrier(len(acts), timeout=30)

    def begin(act: Callable[[], T]) -> T:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(begin, act) for act in acts]]


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_many_buyers_on_one_card_all_get_through(admin: Admin, customer: Customer) -> None:
    """Who is told to come again has had all of a request's time, which a busy machine may take."""
    card_id = customer.card()
    keys = [new_key() for _ in range(BUYERS)]
    buying = [lambda key=key: customer.buy(card_id, 10.01, key=key) for key in keys]

    answers = at_once(buying)

    assert statuses(answers).keys() <= {201, 409}
    refused = [answer for answer in answers if answer.status_code == 409]
    early = [answer for answer in refused if answer.elapsed.total_seconds() < PATIENCE_SECONDS]
    assert len(early) <= BUYERS / 100
    for buy, answer in zip(buying, answers, strict=True):
        if answer in refused:
            error_of(answer, 409, "VERSION_CONFLICT")
            expect(buy(), 201)
    spent = BUYERS * Decimal("10.01")
    assert customer.shown_card(card_id)["balance"] == spent
    events = admin.events_of("card", card_id)
    assert [event["sequenceNumber"] for event in events] == list(range(1, BUYERS + 1))
    assert sum(event["payload"]["amount"] for event in events) == spent


def test_the_last_credit_is_spent_exactly_once(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()

    answers = at_once([lambda: customer.buy(card_id, 250)] * 32)

    assert statuses(answers) == {201: 20, 402: 12}
    card = customer.shown_card(card_id)
    assert (card["balance"], card["availableCredit"]) == (5000, 0)
    assert len(admin.events_of("card", card_id)) == 20


@pytest.mark.parametrize("amount", [10, 5000], ids=["some", "all of the credit"])
def test_twins_under_one_key_have_one_effect(admin: Admin, customer: Customer, amount: int) -> None:
    card_id = customer.card()

    answers = at_once([lambda: customer.buy(card_id, amount, key="twins")] * TWINS)

    assert statuses(answers) == {201: 1, 200: TWINS - 1}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
    assert replayed.count("true") == TWINS - 1
    assert [kept["status"] for kept in customer.transactions(card_id)] == ["completed"]
    assert len(admin.events_of("card", card_id)) == 1


def test_twins_that_are_refused_leave_at_most_their_failures(customer: Customer) -> None:
    card_id = customer.card()

    answers = at_once([lambda: customer.buy(card_id, 5001, key="twins")] * RIVALS)

    assert statuses(answers) == {402: RIVALS}
    assert customer.shown_card(card_id)["balance"] == 0
    assert {kept["status"] for kept in customer.transactions(card_id)} == {"failed"}


def test_one_key_for_two_amounts_has_one_effect(customer: Customer) -> None:
    card_id = customer.card()

    answers = at_once(
        [
            lambda amount=amount: customer.buy(card_id, amount, key="mine")
            for amount in [10, 20] * (RIVALS // 2)
        ]
    )

    assert statuses(answers) == {201: 1, 200: RIVALS // 2 - 1, 409: RIVALS // 2}
    assert customer.shown_card(card_id)["balance"] in (10, 20)


def test_one_user_gets_one_card(admin: Admin, customer: Customer) -> None:
    customer.register()

    answers = at_once([customer.request_card] * RIVALS)

    assert statuses(answers) == {201: 1, 409: RIVALS - 1}
    cards = expect(customer.get("/v1/cards"), 200)["cards"]
    assert [card["status"] for card in cards] == ["active"]


def test_one_user_has_one_pending_request(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 400), 200)

    answers = at_once([customer.request_card] * RIVALS)

    assert statuses(answers) == {201: 1, 409: RIVALS - 1}
    pending = expect(customer.get("/v1/dashboard"), 200)["pendingRequests"]
    refused = [answer.json()["error"] for answer in answers if answer.is_error]
    assert {error["details"]["existingRequestId"] for error in refused} == {
        request["requestId"] for request in pending
    }


def test_one_decision_wins(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    rivals = [
        lambda: admin.approve(request_id, 1000),
        lambda: admin.reject(request_id),
    ] * (RIVALS // 2)

    answers = at_once(rivals)

    assert statuses(answers) == {200: 1, 409: RIVALS - 1}
    request = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]
    winner = next(answer for answer in answers if answer.is_success)
    assert winner.json()["request"]["status"] == request["status"]
    assert len(admin.audit_of("cardRequest", request_id)) == 1
    events = [event["eventType"] for event in admin.events_of("cardRequest", request_id)]
    assert events == ["card.requested", f"card.{request['status']}"]


def test_a_user_is_created_once(admin: Admin, customer: Customer) -> None:
    answers = at_once([lambda: customer.post("/v1/users", {}, key="")] * RIVALS)

    assert statuses(answers) == {201: 1, 200: RIVALS - 1}
    assert len(admin.events_of("user", customer.ecosystem_id)) == 1


def test_a_balance_is_paid_once(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 1000), 201)

    answers = at_once([lambda: customer.pay(card_id, 100)] * RIVALS)

    assert statuses(answers) == {201: 10, 400: RIVALS - 10}
    assert customer.shown_card(card_id)["balance"] == 0
    events = admin.events_of("score", customer.ecosystem_id)
    scores = [500, *(event["payload"]["newScore"] for event in events)]
    assert [event["payload"]["previousScore"] for event in events] == scores[:-1]
    assert customer.register()["currentScore"] == scores[-1]


def test_a_card_is_cancelled_only_at_zero(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()

    answers = at_once(
        [
            *[lambda: customer.buy(card_id, 10)] * (RIVALS // 2),
            *[lambda: admin.move_card(customer, card_id, "cancel")] * (RIVALS // 2),
        ]
    )

    assert statuses(answers).keys() <= {200, 201, 400, 409}
    card = customer.shown_card(card_id)
    assert card["status"] == "active" or card["balance"] == 0

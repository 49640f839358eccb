"""Paying a card off, and what that does to the score."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.api import Admin, Customer, expect, invalid, moment
from tests.support.document import document

SUMMARY = set(document()["components"]["schemas"]["CardSummary"]["properties"])


def with_balance(customer: Customer, balance: float) -> str:
    card_id = customer.card()
    expect(customer.buy(card_id, balance), 201)
    return card_id


def test_a_payment_answers_itself_the_card_and_the_score(customer: Customer) -> None:
    card_id = with_balance(customer, 100)

    answer = expect(customer.pay(card_id, 100), 201)

    paid, impact = answer["transaction"], answer["scoreImpact"]
    assert answer.keys() == {"transaction", "card", "scoreImpact"}
    assert (paid["type"], paid["status"], paid["amount"]) == ("payment", "completed", 100)
    assert paid["paymentStatus"] == "on_time"
    assert impact == {"previousScore": 500, "newScore": 550, "delta": 50, "reason": "on_time"}
    assert paid["scoreImpact"] == impact
    assert answer["card"].keys() == SUMMARY
    assert (answer["card"]["balance"], answer["card"]["availableCredit"]) == (0, 5000)


@pytest.mark.parametrize(
    ("amount", "points"),
    [
        pytest.param(0.01, 10, id="a cent"),
        pytest.param(25, 10, id="the minimum"),
        pytest.param(25.01, 11, id="a cent over the minimum"),
        pytest.param(262.49, 20, id="nearly a half"),
        pytest.param(262.5, 21, id="a half, rounded up"),
        pytest.param(500, 30, id="half of it"),
        pytest.param(999.99, 50, id="a cent less than all"),
        pytest.param(1000, 50, id="all"),
    ],
)
def test_a_payment_on_time_raises_the_score_by_its_share(
    customer: Customer, amount: float, points: int
) -> None:
    card_id = with_balance(customer, 1000)

    impact = expect(customer.pay(card_id, amount), 201)["scoreImpact"]

    assert (impact["delta"], impact["newScore"]) == (points, 500 + points)


def test_the_whole_balance_earns_the_most_even_as_the_minimum(customer: Customer) -> None:
    card_id = with_balance(customer, 10)

    assert expect(customer.pay(card_id, 10), 201)["scoreImpact"]["delta"] == 50


@pytest.mark.parametrize(("score", "delta"), [(980, 20), (1000, 0)])
def test_the_impact_is_what_was_really_applied(
    admin: Admin, customer: Customer, score: int, delta: int
) -> None:
    card_id = with_balance(customer, 100)
    expect(admin.set_score(customer, score), 200)

    impact = expect(customer.pay(card_id, 100), 201)["scoreImpact"]

    assert impact["previousScore"] == score
    assert (impact["newScore"], impact["delta"]) == (1000, delta)


def test_a_change_of_nothing_is_recorded_all_the_same(admin: Admin, customer: Customer) -> None:
    card_id = with_balance(customer, 100)
    expect(admin.set_score(customer, 1000), 200)

    expect(customer.pay(card_id, 100), 201)

    history = expect(admin.get(f"/v1/admin/users/{customer.ecosystem_id}/score"), 200)["history"]
    assert (history[0]["reason"], history[0]["delta"]) == ("payment_on_time", 0)
    latest = admin.events_of("score", customer.ecosystem_id)[-1]["payload"]
    assert (latest["reason"], latest["delta"]) == ("payment_on_time", 0)


def test_a_payment_leaves_a_score_record(admin: Admin, customer: Customer) -> None:
    card_id = with_balance(customer, 100)
    paid = expect(customer.pay(card_id, 100), 201)["transaction"]

    history = expect(admin.get(f"/v1/admin/users/{customer.ecosystem_id}/score"), 200)["history"]

    assert history[0] == {
        "value": 550,
        "previousValue": 500,
        "delta": 50,
        "reason": "payment_on_time",
        "source": "system",
        "timestamp": paid["timestamp"],
    }


def test_a_payment_moves_the_due_date(customer: Customer) -> None:
    card_id = with_balance(customer, 100)

    answer = expect(customer.pay(card_id, 10), 201)

    due = moment(answer["card"]["nextDueDate"])
    assert due == moment(answer["transaction"]["timestamp"]) + timedelta(days=30)


def test_a_payment_over_the_balance_is_refused_and_kept(customer: Customer) -> None:
    card_id = with_balance(customer, 100)

    invalid(customer.pay(card_id, 100.01))

    kept = customer.transactions(card_id)[0]
    assert (kept["type"], kept["status"]) == ("payment", "failed")
    assert kept["amount"] == Decimal("100.01")
    assert kept["failureReason"]


def test_a_payment_of_nothing_owed_is_refused_and_kept(customer: Customer) -> None:
    card_id = customer.card()

    invalid(customer.pay(card_id, 1))

    assert [kept["status"] for kept in customer.transactions(card_id)] == ["failed"]


def test_a_refused_payment_changes_nothing_else(admin: Admin, customer: Customer) -> None:
    card_id = with_balance(customer, 100)
    before = customer.shown_card(card_id)

    invalid(customer.pay(card_id, 100.01))

    assert customer.shown_card(card_id) == before
    assert customer.register()["currentScore"] == 500
    assert admin.events_of("score", customer.ecosystem_id) == []


def test_a_suspended_card_can_be_paid_off(admin: Admin, customer: Customer) -> None:
    card_id = with_balance(customer, 100)
    expect(admin.move_card(customer, card_id, "suspend"), 200)

    card = expect(customer.pay(card_id, 100), 201)["card"]

    assert (card["status"], card["balance"]) == ("suspended", 0)


def test_a_cancelled_card_has_nothing_to_pay(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, "cancel"), 200)

    invalid(customer.pay(card_id, 1))


def test_credit_paid_back_can_be_spent_again(customer: Customer) -> None:
    card_id = with_balance(customer, 5000)
    expect(customer.pay(card_id, 1000), 201)

    assert expect(customer.buy(card_id, 1000), 201)["card"]["availableCredit"] == 0

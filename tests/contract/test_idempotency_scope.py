"""What makes two requests the same, whose a key is, and what is looked at first."""

from typing import Any

import pytest

from tests.support.api import NOBODYS_ID, Admin, Customer, error_of, expect, invalid

SAME_BODIES = {
    "as it was": '{"amount": 10.00, "merchant": "Shop"}',
    "another order": '{"merchant": "Shop", "amount": 10.00}',
    "white space": ' {\n\t"amount" :10.00 ,"merchant": "Shop"}\r\n',
    "no decimals": '{"amount": 10, "merchant": "Shop"}',
    "one decimal": '{"amount": 10.0, "merchant": "Shop"}',
    "an exponent": '{"amount": 1e1, "merchant": "Shop"}',
    "an escape": '{"amount": 10, "merchant": "\\u0053hop"}',
    "an ignored field": '{"amount": 10, "merchant": "Shop", "note": "once more"}',
}
OTHER_BODIES = {
    "another amount": '{"amount": 10.01, "merchant": "Shop"}',
    "another merchant": '{"amount": 10, "merchant": "Store"}',
    "another case": '{"amount": 10, "merchant": "shop"}',
    "no merchant": '{"amount": 10}',
}


def buy(customer: Customer, card_id: str, content: str, key: str) -> Any:
    path = f"/v1/cards/{card_id}/transactions/purchases"
    return customer.post(path, content=content, key=key)


@pytest.mark.parametrize("content", SAME_BODIES.values(), ids=SAME_BODIES)
def test_the_same_input_written_otherwise_is_replayed(customer: Customer, content: str) -> None:
    card_id = customer.card()
    first = buy(customer, card_id, SAME_BODIES["as it was"], "mine")

    second = buy(customer, card_id, content, "mine")

    expect(second, 200)
    assert second.content == first.content


@pytest.mark.parametrize("content", OTHER_BODIES.values(), ids=OTHER_BODIES)
def test_other_input_under_the_key_is_refused(customer: Customer, content: str) -> None:
    card_id = customer.card()
    expect(buy(customer, card_id, SAME_BODIES["as it was"], "mine"), 201)

    error_of(buy(customer, card_id, content, "mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_another_operation_under_the_key_is_refused(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10, key="mine"), 201)

    error_of(customer.pay(card_id, 10, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_another_card_under_the_key_is_refused(admin: Admin, customer: Customer) -> None:
    old = customer.card()
    expect(customer.buy(old, 10, key="mine"), 201)
    expect(admin.move_card(customer, old, "suspend"), 200)
    new = customer.another_card()

    error_of(customer.buy(new, 10, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_another_users_score_under_the_key_is_refused(
    admin: Admin, customer: Customer, stranger: Customer
) -> None:
    customer.register()
    stranger.register()
    expect(admin.set_score(customer, 600, key="mine"), 200)

    error_of(admin.set_score(stranger, 600, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_the_opposite_decision_under_the_key_is_refused(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_status(customer, "disable", key="mine"), 200)

    answer = admin.set_status(customer, "enable", key="mine")

    error_of(answer, 409, "REQUEST_ALREADY_PROCESSED")


def test_a_key_is_the_callers_alone(customer: Customer, stranger: Customer) -> None:
    mine, theirs = customer.card(), stranger.card()

    expect(customer.buy(mine, 10, key="ours"), 201)
    expect(stranger.buy(theirs, 20, key="ours"), 201)

    assert stranger.shown_card(theirs)["balance"] == 20


def test_keys_are_case_sensitive(customer: Customer) -> None:
    card_id = customer.card()

    expect(customer.buy(card_id, 10, key="mine"), 201)
    expect(customer.buy(card_id, 10, key="MINE"), 201)

    assert customer.shown_card(card_id)["balance"] == 20


def test_a_refused_attempt_can_be_retried_under_its_key(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 5000), 201)
    error_of(customer.buy(card_id, 10, key="mine"), 402, "INSUFFICIENT_CREDIT")
    expect(customer.pay(card_id, 5000), 201)

    answer = customer.buy(card_id, 10, key="mine")

    expect(answer, 201)
    assert "Idempotent-Replayed" not in answer.headers


def test_a_refused_attempt_does_not_bind_its_key(customer: Customer) -> None:
    card_id = customer.card()
    error_of(customer.buy(card_id, 5001, key="mine"), 402, "INSUFFICIENT_CREDIT")

    expect(customer.buy(card_id, 10, key="mine"), 201)


def test_malformed_input_does_not_bind_its_key(customer: Customer) -> None:
    card_id = customer.card()
    invalid(customer.buy(card_id, -1, key="mine"))

    expect(customer.buy(card_id, 10, key="mine"), 201)


def test_what_was_not_found_can_be_retried_under_its_key(customer: Customer) -> None:
    error_of(customer.request_card(key="mine"), 404, "NOT_FOUND")
    customer.register()

    expect(customer.request_card(key="mine"), 201)


def test_a_purchase_is_replayed_once_the_credit_is_used_up(customer: Customer) -> None:
    card_id = customer.card()
    first = customer.buy(card_id, 5000, key="mine")

    second = customer.buy(card_id, 5000, key="mine")

    expect(second, 200)
    assert second.content == first.content


@pytest.mark.parametrize("action", ["suspend", "cancel"])
def test_a_purchase_is_replayed_on_a_card_no_longer_active(
    admin: Admin, customer: Customer, action: str
) -> None:
    card_id = customer.card()
    first = customer.buy(card_id, 10, key="mine")
    expect(customer.pay(card_id, 10), 201)
    expect(admin.move_card(customer, card_id, action), 200)

    second = customer.buy(card_id, 10, key="mine")

    expect(second, 200)
    assert second.content == first.content


def test_a_refusal_of_other_input_comes_before_the_state(admin: Admin, customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10, key="mine"), 201)
    expect(admin.move_card(customer, card_id, "suspend"), 200)

    error_of(customer.buy(card_id, 11, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_the_key_is_looked_up_before_the_card(customer: Customer) -> None:
    card_id = customer.card()
    expect(customer.buy(card_id, 10, key="mine"), 201)

    error_of(customer.buy(NOBODYS_ID, 10, key="mine"), 409, "REQUEST_ALREADY_PROCESSED")


def test_a_pending_answer_is_replayed_after_the_decision(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 400), 200)
    first = customer.request_card(key="mine")
    expect(admin.approve(expect(first, 201)["request"]["requestId"], 1000), 200)

    second = customer.request_card(key="mine")

    assert expect(second, 200)["request"]["status"] == "pending"
    assert second.content == first.content

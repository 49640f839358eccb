"""Asking for a card."""

from datetime import timedelta

import pytest

from tests.support.api import NOBODYS_ID, Admin, Customer, error_of, expect, invalid, moment


@pytest.mark.parametrize(("score", "limit"), [(500, 5_000), (699, 5_000), (700, 10_000)])
def test_a_score_of_500_or_more_is_approved_at_once(
    admin: Admin, customer: Customer, score: int, limit: int
) -> None:
    customer.register()
    expect(admin.set_score(customer, score), 200)

    request = expect(customer.request_card(), 201)["request"]

    card = request.pop("card")
    request.pop("requestId")
    assert request == {
        "status": "approved",
        "scoreAtRequest": score,
        "decision": {"outcome": "approved", "source": "auto", "approvedLimit": limit},
    }
    assert (card["limit"], card["status"], card["balance"]) == (limit, "active", 0)


def test_a_lower_score_is_left_pending(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_score(customer, 499), 200)

    answer = expect(customer.request_card(), 201)

    request_id = answer["request"].pop("requestId")
    assert answer == {"request": {"status": "pending", "scoreAtRequest": 499}}
    assert expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"] == {
        "requestId": request_id,
        "status": "pending",
        "scoreAtRequest": 499,
    }


def test_an_approved_request_reads_as_it_was_answered(customer: Customer) -> None:
    customer.register()
    answered = customer.request_card()
    request_id = expect(answered, 201)["request"]["requestId"]

    assert expect(customer.get(f"/v1/cards/requests/{request_id}"), 200) == expect(answered, 201)


def test_the_card_of_a_request_is_shown_as_it_is_now(customer: Customer) -> None:
    customer.register()
    request = expect(customer.request_card(), 201)["request"]
    expect(customer.buy(request["card"]["cardId"], 10), 201)

    shown = expect(customer.get(f"/v1/cards/requests/{request['requestId']}"), 200)["request"]

    assert shown["card"]["balance"] == 10


def test_a_request_an_admin_approved_says_so(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    card = expect(admin.approve(request_id, 1500), 200)["card"]

    request = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]

    assert request["status"] == "approved"
    assert request["decision"]["outcome"] == "approved"
    assert request["decision"]["source"] == "admin"
    assert request["decision"]["approvedLimit"] == 1500
    assert request["card"]["cardId"] == card["cardId"]


def test_a_request_an_admin_rejected_says_why(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.reject(request_id, "Income not shown"), 200)

    request = expect(customer.get(f"/v1/cards/requests/{request_id}"), 200)["request"]

    assert request == {
        "requestId": request_id,
        "status": "rejected",
        "scoreAtRequest": 400,
        "decision": {"outcome": "rejected", "source": "admin", "reason": "Income not shown"},
    }


def test_a_second_request_beside_a_pending_one_is_refused(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)

    error = error_of(customer.request_card(), 409, "CARD_REQUEST_EXISTS")

    assert error["details"]["existingRequestId"] == request_id


def test_a_request_beside_an_active_card_is_refused(customer: Customer) -> None:
    customer.card()

    error_of(customer.request_card(), 409, "CARD_ALREADY_EXISTS")


def test_a_request_in_the_cool_down_is_refused(admin: Admin, customer: Customer) -> None:
    expect(admin.reject(admin.pending_request(customer)), 200)
    expect(admin.set_score(customer, 800), 200)

    invalid(customer.request_card())

    assert expect(customer.get("/v1/cards"), 200)["cards"] == []


@pytest.mark.parametrize("action", ["suspend", "cancel"])
def test_a_request_beside_no_active_card_is_fine(
    admin: Admin, customer: Customer, action: str
) -> None:
    card_id = customer.card()
    expect(admin.move_card(customer, card_id, action), 200)

    assert customer.another_card() != card_id


def test_a_card_is_due_30_days_after_its_approval(customer: Customer) -> None:
    card = customer.shown_card(customer.card())

    assert moment(card["nextDueDate"]) - moment(card["activatedAt"]) == timedelta(days=30)


def test_a_request_that_does_not_exist_is_not_found(customer: Customer) -> None:
    customer.register()

    error_of(customer.get(f"/v1/cards/requests/{NOBODYS_ID}"), 404, "NOT_FOUND")

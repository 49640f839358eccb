"""Disabling and enabling users, as an admin."""

import pytest

from tests.support.api import Admin, Customer, error_of, expect, moment

STATUSES = {"disable": "disabled", "enable": "active"}


def test_disabling_answers_the_user(admin: Admin, customer: Customer) -> None:
    registered = customer.register()

    answer = expect(admin.set_status(customer, "disable"), 200)

    user = answer["user"]
    assert answer.keys() == {"user"}
    assert moment(user["updatedAt"]) > moment(registered["updatedAt"])
    assert user == registered | {"status": "disabled", "updatedAt": user["updatedAt"]}


def test_enabling_answers_the_user(admin: Admin, customer: Customer) -> None:
    customer.register()
    disabled = expect(admin.set_status(customer, "disable"), 200)["user"]

    user = expect(admin.set_status(customer, "enable"), 200)["user"]

    assert moment(user["updatedAt"]) > moment(disabled["updatedAt"])
    assert user == disabled | {"status": "active", "updatedAt": user["updatedAt"]}


@pytest.mark.parametrize("before", [["disable"], ["disable", "enable"], []])
@pytest.mark.parametrize("action", STATUSES)
def test_an_account_moves_only_to_the_other_status(
    admin: Admin, customer: Customer, before: list[str], action: str
) -> None:
    customer.register()
    for step in before:
        expect(admin.set_status(customer, step), 200)

    answer = admin.set_status(customer, action)

    if (STATUSES[action] == "disabled") is (before != ["disable"]):
        assert expect(answer, 200)["user"]["status"] == STATUSES[action]
    else:
        error_of(answer, 409, "INVALID_STATE_TRANSITION")


@pytest.mark.parametrize("action", STATUSES)
def test_a_refused_move_leaves_no_trace(admin: Admin, customer: Customer, action: str) -> None:
    customer.register()
    if action == "disable":
        expect(admin.set_status(customer, "disable"), 200)
    events = admin.events_of("user", customer.ecosystem_id)
    logs = admin.audit_of("user", customer.ecosystem_id)

    error_of(admin.set_status(customer, action), 409, "INVALID_STATE_TRANSITION")

    assert len(admin.events_of("user", customer.ecosystem_id)) == len(events)
    assert admin.audit_of("user", customer.ecosystem_id) == logs


@pytest.mark.parametrize("action", STATUSES)
def test_a_user_that_does_not_exist_is_not_found(
    admin: Admin, customer: Customer, action: str
) -> None:
    error_of(admin.set_status(customer, action), 404, "NOT_FOUND")
    error_of(
        admin.post(f"/v1/admin/users/%00/{action}", {"reason": "Long enough"}), 404, "NOT_FOUND"
    )


def test_the_data_of_a_disabled_user_stays(admin: Admin, customer: Customer) -> None:
    customer.register()
    expect(admin.set_status(customer, "disable"), 200)

    answer = expect(admin.set_score(customer, 600), 200)

    assert answer["user"]["currentScore"] == 600

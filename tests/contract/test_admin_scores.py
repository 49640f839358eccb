"""A user's score, as an admin sees and sets it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import REASON, Admin, Customer, error_of, expect, invalid, moment

NO_SCORES: dict[str, Any] = {
    "below zero": -1,
    "over 1000": 1001,
    "far over": 10**30,
    "a fraction": 1.5,
    "text": "600",
    "true": True,
    "null": None,
    "a list": [600],
}
NO_SLUGS = {
    "unknown": "nobody-of-that-name",
    "too long": "a" * 129,
    "a space": "two%20words",
    "a NUL": "%00",
    "not ASCII": "%C3%A9",
    "not UTF-8": "%ff",
    "an encoded slash": "a%2Fb",
    "quotes": "%27%20OR%201=1--",
    "a dollar": "$ne",
}


def path_of(user: Customer | str) -> str:
    slug = user if isinstance(user, str) else user.ecosystem_id
    return f"/v1/admin/users/{slug}/score"


def test_a_score_has_these_fields(admin: Admin, customer: Customer) -> None:
    user = customer.register()

    assert expect(admin.get(path_of(customer)), 200) == {
        "user": {
            "ecosystemId": customer.ecosystem_id,
            "email": customer.email,
            "currentScore": 500,
            "tier": "medium",
        },
        "history": [
            {
                "value": 500,
                "previousValue": 0,
                "delta": 500,
                "reason": "initial_score",
                "source": "system",
                "timestamp": user["createdAt"],
            }
        ],
    }


def test_an_adjustment_answers_the_score_as_it_is_now(admin: Admin, customer: Customer) -> None:
    customer.register()

    answer = expect(admin.set_score(customer, 450), 200)

    latest = answer["history"][0]
    assert moment(latest.pop("timestamp")) > moment(answer["history"][1]["timestamp"])
    assert latest == {
        "value": 450,
        "previousValue": 500,
        "delta": -50,
        "reason": REASON,
        "source": "admin",
    }
    assert answer["user"]["currentScore"] == 450
    assert answer["user"]["tier"] == "low"


def test_an_adjustment_reads_as_it_was_answered(admin: Admin, customer: Customer) -> None:
    customer.register()

    answered = expect(admin.set_score(customer, 450), 200)

    assert expect(admin.get(path_of(customer)), 200) == answered


def test_the_history_is_the_last_ten_changes_newest_first(admin: Admin, customer: Customer) -> None:
    customer.register()
    for score in range(1, 12):
        answered = expect(admin.set_score(customer, score), 200)

    shown = expect(admin.get(path_of(customer)), 200)

    assert [change["value"] for change in shown["history"]] == list(range(11, 1, -1))
    assert [change["previousValue"] for change in shown["history"]] == list(range(10, 0, -1))
    assert answered == shown


@pytest.mark.parametrize(
    ("score", "tier"),
    [(0, "low"), (499, "low"), (500, "medium"), (699, "medium"), (700, "high"), (1000, "high")],
)
def test_every_score_from_0_to_1000_can_be_given(
    admin: Admin, customer: Customer, score: int, tier: str
) -> None:
    customer.register()

    user = expect(admin.set_score(customer, score), 200)["user"]

    assert (user["currentScore"], user["tier"]) == (score, tier)
    assert customer.register()["currentScore"] == score


@pytest.mark.parametrize("score", ["600.0", "6e2", "60000e-2"])
def test_a_whole_score_may_be_written_otherwise(
    admin: Admin, customer: Customer, score: str
) -> None:
    customer.register()
    body = f'{{"score": {score}, "reason": "{REASON}"}}'

    answer = expect(admin.patch(path_of(customer), content=body), 200)

    assert answer["user"]["currentScore"] == Decimal(600)


@pytest.mark.parametrize("score", NO_SCORES.values(), ids=NO_SCORES)
def test_what_is_no_score_is_refused(admin: Admin, customer: Customer, score: Any) -> None:
    before = customer.register()

    invalid(admin.set_score(customer, score), "score")

    assert customer.register()["currentScore"] == before["currentScore"]


def test_a_score_must_be_given(admin: Admin, customer: Customer) -> None:
    customer.register()

    invalid(admin.patch(path_of(customer), {"reason": REASON}), "score")


@pytest.mark.parametrize("length", [10, 500])
def test_a_reason_has_10_to_500_characters(admin: Admin, customer: Customer, length: int) -> None:
    customer.register()

    history = expect(admin.set_score(customer, 600, "x" * length), 200)["history"]

    assert history[0]["reason"] == "x" * length


@pytest.mark.parametrize("length", [0, 9, 501])
def test_a_shorter_or_longer_reason_is_refused(
    admin: Admin, customer: Customer, length: int
) -> None:
    customer.register()

    invalid(admin.set_score(customer, 600, "x" * length), "reason")


def test_a_reason_must_be_given(admin: Admin, customer: Customer) -> None:
    customer.register()

    invalid(admin.patch(path_of(customer), {"score": 600}), "reason")


@pytest.mark.parametrize("slug", NO_SLUGS.values(), ids=NO_SLUGS)
def test_a_user_that_does_not_exist_is_not_found(admin: Admin, slug: str) -> None:
    error_of(admin.get(path_of(slug)), 404, "NOT_FOUND")
    error_of(admin.patch(path_of(slug), {"score": 600, "reason": REASON}), 404, "NOT_FOUND")


@pytest.mark.parametrize("slug", ["a" * 128, "A_b-c.d:e@f", "..", "%2e%2e%2e"])
def test_an_odd_slug_that_could_be_one_is_not_found_either(admin: Admin, slug: str) -> None:
    error_of(admin.call("GET", f"/v1/admin/users/{slug}/score"), 404, "NOT_FOUND")


def test_a_user_is_found_under_the_oddest_of_ids(
    admin: Admin, new_customer: Callable[..., Customer], customer: Customer
) -> None:
    odd = new_customer(f"A_b-c.d:e@{customer.ecosystem_id}".ljust(128, "."))
    odd.register()

    shown = expect(admin.set_score(odd, 600), 200)["user"]

    assert shown["ecosystemId"] == odd.ecosystem_id


def test_an_adjustment_to_the_same_score_is_a_change_of_nothing(
    admin: Admin, customer: Customer
) -> None:
    customer.register()

    history = expect(admin.set_score(customer, 500), 200)["history"]

    assert (history[0]["value"], history[0]["delta"], len(history)) == (500, 0, 2)


def test_a_replay_shows_the_score_as_it_was(admin: Admin, customer: Customer) -> None:
    customer.register()
    first = admin.set_score(customer, 600, key="mine")
    expect(admin.set_score(customer, 700), 200)

    replayed = admin.set_score(customer, 600, key="mine")

    expect(replayed, 200)
    assert replayed.content == first.content
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert expect(admin.get(path_of(customer)), 200)["user"]["currentScore"] == 700

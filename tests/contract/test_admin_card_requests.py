"""Card requests of all users, as an admin lists them."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from tests.support.api import DEFAULT_PRODUCT, Admin, Customer, expect, invalid, moment, pages

REQUESTS = "/v1/admin/card-requests"


def asked_for_in_turn(new_customer: Callable[..., Customer], count: int) -> list[str]:
    """Have as many users ask for a card, and return their requests' ids."""
    found = []
    for _ in range(count):
        customer = new_customer()
        customer.register()
        found.append(expect(customer.request_card(), 201)["request"]["requestId"])
    return found


def listed(admin: Admin, **params: Any) -> list[dict[str, Any]]:
    """Return the first page of a list."""
    rows: list[dict[str, Any]] = expect(admin.get(REQUESTS, params=params), 200)["requests"]
    return rows


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["requestId"] for row in rows]


def test_a_pending_request_has_these_fields(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    (event,) = admin.events_of("cardRequest", request_id)
    expect(admin.set_score(customer, 450), 200)

    (row,) = listed(admin, sort="newest", limit=1)

    assert row == {
        "requestId": request_id,
        "user": {"ecosystemId": customer.ecosystem_id, "email": customer.email},
        "scoreAtRequest": 400,
        "currentScore": 450,
        "tierAtRequest": "low",
        "daysPending": 0,
        "requiresAttention": False,
        "productId": DEFAULT_PRODUCT,
        "status": "pending",
        "createdAt": event["payload"]["createdAt"],
    }


def test_the_scores_then_and_now_are_both_shown(admin: Admin, customer: Customer) -> None:
    customer.card()
    expect(admin.set_score(customer, 700), 200)

    (row,) = listed(admin, sort="newest", limit=1)

    assert (row["scoreAtRequest"], row["tierAtRequest"]) == (500, "medium")
    assert row["currentScore"] == 700


@pytest.mark.parametrize("status", ["pending", "approved", "rejected"])
def test_requests_are_filtered_by_status(
    admin: Admin, new_customer: Callable[..., Customer], status: str
) -> None:
    pending, approved, rejected = (admin.pending_request(new_customer()) for _ in range(3))
    expect(admin.approve(approved, 1000), 200)
    expect(admin.reject(rejected), 200)
    mine = {"pending": pending, "approved": approved, "rejected": rejected}

    rows = listed(admin, sort="newest", status=status, limit=3)

    assert rows[0]["requestId"] == mine[status]
    assert {row["status"] for row in rows} == {status}


def test_a_decided_request_leaves_the_list_of_the_pending(admin: Admin, customer: Customer) -> None:
    request_id = admin.pending_request(customer)
    assert request_id in ids(listed(admin, sort="newest", status="pending"))

    expect(admin.reject(request_id), 200)

    assert request_id not in ids(listed(admin, sort="newest", status="pending"))


def test_pages_go_back_from_the_newest(admin: Admin, new_customer: Callable[..., Customer]) -> None:
    mine = asked_for_in_turn(new_customer, 5)

    following = pages(admin, REQUESTS, "requests", sort="newest", limit=2)

    found = [ids(page) for page in islice(following, 3)]
    assert found[:2] == [[mine[4], mine[3]], [mine[2], mine[1]]]
    assert found[2][0] == mine[0]


def test_pages_go_on_from_the_oldest(admin: Admin, new_customer: Callable[..., Customer]) -> None:
    mine = asked_for_in_turn(new_customer, 3)

    rows = [
        row for page in pages(admin, REQUESTS, "requests", sort="oldest", limit=100) for row in page
    ]

    assert ids(rows)[-3:] == mine
    times = [moment(row["createdAt"]) for row in rows]
    assert times == sorted(times)
    assert len(set(ids(rows))) == len(rows)


def test_small_pages_from_the_oldest_are_the_large_one_in_pieces(
    admin: Admin, new_customer: Callable[..., Customer]
) -> None:
    asked_for_in_turn(new_customer, 5)

    following = pages(admin, REQUESTS, "requests", sort="oldest", limit=2)

    pieces = [row for page in islice(following, 2) for row in page]
    assert ids(pieces) == ids(listed(admin, sort="oldest", limit=4))


def test_the_oldest_come_first_unless_asked_otherwise(
    admin: Admin, new_customer: Callable[..., Customer]
) -> None:
    asked_for_in_turn(new_customer, 2)

    assert listed(admin, limit=2) == listed(admin, sort="oldest", limit=2)
    assert listed(admin, limit=2) != listed(admin, sort="newest", limit=2)


def test_requests_made_meanwhile_do_not_shift_the_pages(
    admin: Admin, new_customer: Callable[..., Customer]
) -> None:
    mine = asked_for_in_turn(new_customer, 4)
    following = pages(admin, REQUESTS, "requests", sort="newest", limit=2)
    first = ids(next(following))

    asked_for_in_turn(new_customer, 1)

    assert first + ids(next(following)) == mine[::-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "open"),
        ("status", "PENDING"),
        ("status", ""),
        ("sort", "random"),
        ("sort", "Newest"),
        ("sort", ""),
        ("limit", "0"),
        ("limit", "101"),
        ("cursor", "next"),
    ],
)
def test_a_bad_value_is_refused_by_name(admin: Admin, name: str, value: str) -> None:
    invalid(admin.get(REQUESTS, params={name: value}), name)


@pytest.mark.parametrize(
    ("name", "valid"),
    [("status", ["pending", "approved", "rejected"]), ("sort", ["oldest", "newest"])],
)
def test_a_refusal_names_the_valid_values(admin: Admin, name: str, valid: list[str]) -> None:
    message = invalid(admin.get(REQUESTS, params={name: "other"}), name)["message"]

    assert all(value in message for value in valid)


@pytest.mark.parametrize("other", [{}, {"sort": "oldest"}, {"sort": "newest", "status": "pending"}])
def test_a_cursor_of_another_list_is_refused(
    admin: Admin, new_customer: Callable[..., Customer], other: dict[str, str]
) -> None:
    asked_for_in_turn(new_customer, 2)
    first = expect(admin.get(REQUESTS, params={"sort": "newest", "limit": 1}), 200)

    cursor = first["pagination"]["nextCursor"]

    invalid(admin.get(REQUESTS, params=other | {"cursor": cursor}), "cursor")

"""Pages: limits, cursors and their ends."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Admin, Customer, expect, invalid, pages

BAD_LIMITS = {
    "zero": "0",
    "over the most": "101",
    "negative": "-1",
    "far over": "99999999999999999999999",
    "empty": "",
    "a word": "all",
    "a fraction": "1.5",
    "an exponent": "1e1",
    "hexadecimal": "0x10",
    "a sign": "+5",
    "a space": " 5",
    "a line break": "5\n",
    "an underscore": "1_0",
    "full-width digits": "\uff11\uff10",
    "Arabic digits": "\u0665",
    "a superscript": "\u00b2",
    "a NUL": "5\x00",
}
BAD_CURSORS = {
    "empty": "",
    "a word": "next",
    "signed by nobody": "ImEi:1abcde:c2lnbmF0dXJl",
    "colons": "::",
    "very long": "a" * 10_000,
    "not ASCII": "n\u00e4chste",
    "a NUL": "a\x00b",
    "a lone byte": "\udcff",
}


def path_of(card_id: str) -> str:
    return f"/v1/cards/{card_id}/transactions"


def bought(customer: Customer, *amounts: int) -> str:
    card_id = customer.card()
    for amount in amounts:
        expect(customer.buy(card_id, amount), 201)
    return card_id


def first_cursor(customer: Customer, card_id: str, **params: Any) -> str:
    answer = expect(customer.get(path_of(card_id), params={"limit": 1} | params), 200)
    cursor: str = answer["pagination"]["nextCursor"]
    return cursor


def amounts(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["amount"]) for row in rows]


@pytest.mark.parametrize("limit", BAD_LIMITS.values(), ids=BAD_LIMITS)
def test_a_bad_limit_is_refused(customer: Customer, limit: str) -> None:
    card_id = customer.card()

    invalid(customer.get(path_of(card_id), params={"limit": limit}), "limit")


@pytest.mark.parametrize("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS)
def test_a_bad_cursor_is_refused(customer: Customer, cursor: str) -> None:
    card_id = customer.card()

    invalid(
        customer.get(f"{path_of(card_id)}?cursor={quote(cursor, errors='surrogateescape')}"),
        "cursor",
    )


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/admin/outbox", {}),
        ("/v1/admin/card-requests", {}),
        ("/v1/admin/audit-logs", {"actor": "somebody"}),
    ],
)
@pytest.mark.parametrize(("name", "value"), [("limit", "101"), ("cursor", "bad")])
def test_every_list_refuses_the_same(
    admin: Admin, path: str, params: dict[str, str], name: str, value: str
) -> None:
    invalid(admin.get(path, params=params | {name: value}), name)


def test_a_page_has_20_rows_unless_asked_otherwise(customer: Customer) -> None:
    card_id = bought(customer, *range(1, 22))

    answer = expect(customer.get(path_of(card_id)), 200)

    assert amounts(answer["transactions"]) == list(range(21, 1, -1))
    assert answer["pagination"]["hasMore"] is True


def test_pages_have_every_row_once_newest_first(customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3, 4, 5)

    found = [amounts(page) for page in pages(customer, path_of(card_id), "transactions", limit=2)]

    assert found == [[5, 4], [3, 2], [1]]


def test_the_limit_may_change_from_page_to_page(customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3, 4, 5)
    cursor = first_cursor(customer, card_id)

    answer = expect(customer.get(path_of(card_id), params={"cursor": cursor, "limit": 100}), 200)

    assert amounts(answer["transactions"]) == [4, 3, 2, 1]


@pytest.mark.parametrize("limit", [2, 4, 100])
def test_the_last_page_knows_that_it_is(customer: Customer, limit: int) -> None:
    card_id = bought(customer, 1, 2, 3, 4)

    found = list(pages(customer, path_of(card_id), "transactions", limit=limit))
    last = expect(customer.get(path_of(card_id), params={"limit": 4}), 200)

    assert len(found) == max(1, 4 // limit)
    assert last["pagination"] == {"nextCursor": None, "hasMore": False}


def test_an_empty_list_is_its_own_last_page(customer: Customer) -> None:
    card_id = customer.card()

    answer = expect(customer.get(path_of(card_id)), 200)

    assert answer == {"transactions": [], "pagination": {"nextCursor": None, "hasMore": False}}


def test_rows_added_meanwhile_do_not_shift_the_pages(customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3, 4)
    found: list[int] = []

    for page in pages(customer, path_of(card_id), "transactions", limit=2):
        found += amounts(page)
        expect(customer.buy(card_id, 100), 201)

    assert found == [4, 3, 2, 1]


def test_a_filter_goes_with_its_pages(customer: Customer) -> None:
    card_id = bought(customer, 1, 2, 3)
    for _ in range(2):
        expect(customer.pay(card_id, 1), 201)
    expect(customer.buy(card_id, 4), 201)

    asked = {"type": "purchase", "limit": 2}
    found = [amounts(page) for page in pages(customer, path_of(card_id), "transactions", **asked)]

    assert found == [[4, 3], [2, 1]]


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_cursor_that_was_changed_is_refused(customer: Customer, place: int) -> None:
    card_id = bought(customer, 1, 2)
    letters = list(first_cursor(customer, card_id))
    letters[place] = "B" if letters[place] != "B" else "C"

    answer = customer.get(path_of(card_id), params={"cursor": "".join(letters)})

    invalid(answer, "cursor")


def test_a_cursor_cut_short_is_refused(customer: Customer) -> None:
    card_id = bought(customer, 1, 2)
    cursor = first_cursor(customer, card_id)

    for short in (cursor[:-1], cursor[1:], cursor.rpartition(":")[0]):
        invalid(customer.get(path_of(card_id), params={"cursor": short}), "cursor")


def test_a_cursor_of_another_filter_is_refused(customer: Customer) -> None:
    card_id = bought(customer, 1, 2)
    cursor = first_cursor(customer, card_id, type="purchase")

    for other in ({}, {"type": "payment"}):
        answer = customer.get(path_of(card_id), params={"cursor": cursor} | other)
        invalid(answer, "cursor")


def test_a_cursor_of_another_card_is_refused(admin: Admin, customer: Customer) -> None:
    old = bought(customer, 1, 2)
    cursor = first_cursor(customer, old)
    expect(admin.move_card(customer, old, "suspend"), 200)
    new = customer.another_card()

    invalid(customer.get(path_of(new), params={"cursor": cursor}), "cursor")


def test_a_cursor_of_another_user_is_refused(customer: Customer, stranger: Customer) -> None:
    theirs = first_cursor(stranger, bought(stranger, 1, 2))
    card_id = bought(customer, 1)

    invalid(customer.get(path_of(card_id), params={"cursor": theirs}), "cursor")


def test_a_cursor_of_another_list_is_refused(admin: Admin, customer: Customer) -> None:
    cursor = first_cursor(customer, bought(customer, 1, 2))

    for path in ("/v1/admin/outbox", "/v1/admin/card-requests"):
        invalid(admin.get(path, params={"cursor": cursor}), "cursor")

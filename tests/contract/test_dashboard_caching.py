"""Conditional requests for the dashboard."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.api import Admin, Customer, expect

MATCHING: dict[str, Callable[[str], str]] = {
    "as it is": lambda etag: etag,
    "weak": lambda etag: f"W/{etag}",
    "in a list": lambda etag: f'"another", {etag}',
    "first in a list": lambda etag: f'{etag},"another"',
    "weak in a list": lambda etag: f'W/"another" , W/{etag}',
    "beside a comma": lambda etag: f'"a,b", {etag}',
    "a star": lambda etag: "*",
}
NOT_MATCHING: dict[str, Callable[[str], str | bytes]] = {
    "another": lambda etag: '"another"',
    "a part": lambda etag: f'{etag[:-2]}"',
    "without quotes": lambda etag: etag.strip('"'),
    "in capitals": lambda etag: etag.upper(),
    "empty": lambda etag: "",
    "garbage": lambda etag: '",,"W/,*',
    "not ASCII": lambda etag: "é".encode(),
}
LONG_AGO = "Thu, 01 Jan 2015 00:00:00 GMT"
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
NO_PRECONDITIONS: dict[str, dict[str, str]] = {
    "modified since long ago": {"If_Modified_Since": LONG_AGO},
    "modified since a day to come": {"If_Modified_Since": LATER},
    "modified since no date": {"If_Modified_Since": "yesterday"},
    "a match": {"If_Match": '"another"'},
    "any match": {"If_Match": "*"},
    "unmodified since long ago": {"If_Unmodified_Since": LONG_AGO},
    "a range": {"If_Range": '"another"', "Range": "bytes=0-1"},
}
"""What is not looked at, by what it asks."""


def dashboard(customer: Customer, **headers: str | bytes) -> httpx.Response:
    return customer.get(
        "/v1/dashboard", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize("spell", MATCHING.values(), ids=MATCHING)
def test_one_who_has_it_is_told_that_nothing_changed(
    customer: Customer, spell: Callable[[str], str]
) -> None:
    customer.register()
    etag = dashboard(customer).headers["ETag"]

    answer = dashboard(customer, If_None_Match=spell(etag))

    assert answer.status_code == 304
    assert answer.headers["ETag"] == etag
    assert answer.content == b""


@pytest.mark.parametrize("spell", NOT_MATCHING.values(), ids=NOT_MATCHING)
def test_one_who_has_something_else_is_answered_in_full(
    customer: Customer, spell: Callable[[str], str | bytes]
) -> None:
    customer.register()
    etag = dashboard(customer).headers["ETag"]

    answer = dashboard(customer, If_None_Match=spell(etag))

    assert expect(answer, 200)["user"]["ecosystemId"] == customer.ecosystem_id
    assert answer.headers["ETag"] == etag


CHANGES: dict[str, Callable[[Admin, Customer, str], httpx.Response]] = {
    "purchase": lambda admin, customer, card_id: customer.buy(card_id, 1),
    "score": lambda admin, customer, card_id: admin.set_score(customer, 501),
    "suspension": lambda admin, customer, card_id: admin.move_card(customer, card_id, "suspend"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_changes_the_etag(
    admin: Admin, customer: Customer, change: Callable[[Admin, Customer, str], httpx.Response]
) -> None:
    card_id = customer.card()
    etag = dashboard(customer).headers["ETag"]

    expect(change(admin, customer, card_id), 200, 201)

    answer = dashboard(customer, If_None_Match=etag)
    expect(answer, 200)
    assert answer.headers["ETag"] != etag


def test_the_etag_stays_while_nothing_changes(customer: Customer) -> None:
    customer.card()

    etags = {dashboard(customer).headers["ETag"] for _ in range(3)}

    assert len(etags) == 1


def test_the_etag_of_another_user_fits_nothing(customer: Customer, stranger: Customer) -> None:
    customer.register()
    stranger.register()
    theirs = dashboard(stranger).headers["ETag"]

    answer = dashboard(customer, If_None_Match=theirs)

    assert expect(answer, 200)["user"]["ecosystemId"] == customer.ecosystem_id


@pytest.mark.parametrize("header", NO_PRECONDITIONS.values(), ids=NO_PRECONDITIONS)
def test_nothing_else_has_one_who_has_nothing_told_that_nothing_changed(
    customer: Customer, header: dict[str, str]
) -> None:
    customer.register()

    answer = dashboard(customer, **header)

    assert expect(answer, 200)["user"]["ecosystemId"] == customer.ecosystem_id
    assert "Last-Modified" not in answer.headers


@pytest.mark.parametrize("header", NO_PRECONDITIONS.values(), ids=NO_PRECONDITIONS)
def test_an_etag_outweighs_everything_else(customer: Customer, header: dict[str, str]) -> None:
    customer.register()
    etag = dashboard(customer).headers["ETag"]

    assert dashboard(customer, If_None_Match=etag, **header).status_code == 304
    expect(dashboard(customer, If_None_Match='"another"', **header), 200)

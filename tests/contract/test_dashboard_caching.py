"""Conditional requests for the dashboard."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from tests.support.api import Admin, Customer, eventually, expect, moment

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


def dashboard(customer: Customer, **headers: str | bytes) -> httpx.Response:
    return customer.get(
        "/v1/dashboard", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def settled(customer: Customer) -> httpx.Response:
    """Return the dashboard once it tells when it was last modified."""

    def look() -> httpx.Response | None:
        answer = dashboard(customer)
        return answer if "Last-Modified" in answer.headers else None

    return eventually(look, seconds=3)


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


def test_last_modified_is_the_latest_change(customer: Customer) -> None:
    customer.register()

    answer = settled(customer)

    changed_at = moment(expect(answer, 200)["lastUpdated"]).replace(microsecond=0)
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == changed_at


def test_last_modified_is_left_out_while_its_second_lasts(customer: Customer) -> None:
    card_id = customer.card()

    def look() -> datetime | None:
        """Give the moment of a change whose second was not over when the answer had come."""
        bought = expect(customer.buy(card_id, 1), 201)["transaction"]
        answer = dashboard(customer)
        end = moment(bought["timestamp"]).replace(microsecond=0) + timedelta(seconds=1)
        if datetime.now(UTC) >= end:
            return None
        assert "Last-Modified" not in answer.headers
        return end

    end = eventually(look)
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()))
    assert "Last-Modified" in dashboard(customer).headers


def test_not_modified_since_is_told_as_well(customer: Customer) -> None:
    customer.register()
    seen = settled(customer)

    answer = dashboard(customer, If_Modified_Since=seen.headers["Last-Modified"])

    assert answer.status_code == 304
    assert answer.headers["ETag"] == seen.headers["ETag"]


@pytest.mark.parametrize("seconds", [-1, -3600])
def test_modified_since_is_answered_in_full(customer: Customer, seconds: int) -> None:
    customer.register()
    last = parsedate_to_datetime(settled(customer).headers["Last-Modified"])
    earlier = format_datetime(last + timedelta(seconds=seconds), usegmt=True)

    expect(dashboard(customer, If_Modified_Since=earlier), 200)


@pytest.mark.parametrize("date", ["yesterday", "", "Thu, 99 Foo 2026 99:99:99 GMT", "0"])
def test_a_date_that_is_none_is_ignored(customer: Customer, date: str) -> None:
    customer.register()

    expect(dashboard(customer, If_Modified_Since=date), 200)


def test_an_etag_outweighs_a_date(customer: Customer) -> None:
    customer.register()
    last = settled(customer).headers["Last-Modified"]

    expect(dashboard(customer, If_None_Match='"another"', If_Modified_Since=last), 200)

"""What holds for every page: order, ends, and rows that come and go between pages."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.repositories import Page
from tests.support.builders import at
from tests.support.listings import LISTINGS, Listing

SHUFFLED = [4, 1, 6, 3, 5, 2]
"""Rows are not always stored in the order of their ids: two processes' clocks differ."""


@pytest.fixture(params=LISTINGS, ids=lambda listing: listing.name)
def listing(request: pytest.FixtureRequest, backend: PersistenceBackend) -> Listing:
    request.param.prepare(backend)
    return request.param


def pages(backend: PersistenceBackend, listing: Listing, limit: int) -> Iterator[Page[Any]]:
    """Yield every page from the first to the one that has no next."""
    position: str | None = None
    while True:
        page = listing.page(backend)(after=position, limit=limit)
        yield page
        position = page.next_position
        if position is None:
            return


def test_nothing_is_one_empty_page(backend: PersistenceBackend, listing: Listing) -> None:
    page = listing.page(backend)(after=None, limit=5)

    assert list(page.items) == []
    assert page.next_position is None


def test_rows_come_in_the_order_of_their_time(
    backend: PersistenceBackend, listing: Listing
) -> None:
    listing.add(backend, *SHUFFLED)

    page = listing.page(backend)(after=None, limit=100)

    assert listing.seconds(page) == listing.in_order(range(1, 7))
    assert page.next_position is None


@pytest.mark.parametrize(
    ("limit", "lengths"),
    [(1, [1] * 6), (2, [2, 2, 2]), (3, [3, 3]), (4, [4, 2]), (6, [6]), (7, [6])],
)
def test_pages_of_any_length_hold_each_row_once(
    backend: PersistenceBackend, listing: Listing, limit: int, lengths: list[int]
) -> None:
    listing.add(backend, *SHUFFLED)

    seen = [listing.seconds(page) for page in pages(backend, listing, limit)]

    assert [len(page) for page in seen] == lengths
    assert [second for page in seen for second in page] == listing.in_order(range(1, 7))


def test_rows_added_between_pages_neither_repeat_nor_hide_a_row(
    backend: PersistenceBackend, listing: Listing
) -> None:
    listing.add(backend, *SHUFFLED)

    seen: list[int] = []
    for number, page in enumerate(pages(backend, listing, 2)):
        seen += listing.seconds(page)
        if number < 2:
            listing.add(backend, 10 + number)

    assert [second for second in seen if second < 10] == listing.in_order(range(1, 7))
    assert len(seen) == len(set(seen))


def test_rows_added_between_pages_come_at_the_end_if_that_is_where_they_belong(
    backend: PersistenceBackend, listing: Listing
) -> None:
    listing.add(backend, 1, 2, 3)
    first = listing.page(backend)(after=None, limit=2)

    listing.add(backend, 4)
    second = listing.page(backend)(after=first.next_position, limit=2)

    assert listing.seconds(second) == ([3, 4] if listing.oldest_first else [1])


def test_a_page_can_be_asked_for_again(backend: PersistenceBackend, listing: Listing) -> None:
    listing.add(backend, 1, 2, 3, 4)
    first = listing.page(backend)(after=None, limit=2)

    again = [listing.page(backend)(after=first.next_position, limit=2) for _ in range(2)]

    assert again[0] == again[1]
    assert again[0].items


def test_rows_of_the_same_moment_are_all_shown_once(
    backend: PersistenceBackend, listing: Listing
) -> None:
    for number in range(1, 4):
        listing.add_row(backend, number, at(1))

    seen = [row for page in pages(backend, listing, 1) for row in page.items]

    assert len(seen) == 3
    assert len({str(row) for row in seen}) == 3

"""Requests by the short code that people call them by."""

from dataclasses import replace

import pytest

from cards.entities import SHORT_CODE_LENGTH, CardRequestKey
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.repositories import MOST_WITH_SHORT_CODE
from tests.backends.test_reads import ODD_IDS, shortened
from tests.support.builders import MOMENT, a_request, a_user, at, rejected
from tests.support.storing import store, the

CODE = "1a2b3c4d"


def a_request_called(code: str, number: int = 1):
    """Return a request of a user of its own, made in the second of its number."""
    request = a_request(f"user-{number:03}", at(number))
    return replace(request, request_id=request.request_id[:-SHORT_CODE_LENGTH] + code)


def stored_request(backend: PersistenceBackend, code: str, number: int = 1):
    request = a_request_called(code, number)
    store(backend, a_user(request.ecosystem_id), request)
    return request


def test_the_code_is_the_end_of_the_id() -> None:
    assert a_request(request_id="0190fa4e-0000-7000-8000-0123456789ab").short_code == "456789ab"


def test_a_pending_request_is_found_by_its_code(backend: PersistenceBackend) -> None:
    request = stored_request(backend, CODE)
    stored_request(backend, "1a2b3c4e", 2)

    assert list(backend.card_requests.with_short_code(CODE)) == [request.key]


def test_a_request_with_a_code_of_digits_alone_is_found(backend: PersistenceBackend) -> None:
    request = stored_request(backend, "00000012")

    assert list(backend.card_requests.with_short_code("00000012")) == [request.key]


def test_a_decided_request_is_still_found_by_its_code(backend: PersistenceBackend) -> None:
    request = stored_request(backend, CODE)
    backend.commit(Commit(now=MOMENT, saves=[rejected(the(backend, request.key))]))

    assert list(backend.card_requests.with_short_code(CODE)) == [request.key]


def test_a_request_that_was_decided_at_once_is_found_by_its_code(
    backend: PersistenceBackend,
) -> None:
    request = rejected(a_request_called(CODE))
    store(backend, a_user(request.ecosystem_id), request)

    assert list(backend.card_requests.with_short_code(CODE)) == [request.key]


def test_requests_that_share_a_code_are_found_newest_first(backend: PersistenceBackend) -> None:
    first, third, second = (stored_request(backend, CODE, number) for number in (1, 3, 2))
    backend.commit(Commit(now=MOMENT, saves=[rejected(the(backend, third.key))]))

    found = backend.card_requests.with_short_code(CODE)

    assert list(found) == [third.key, second.key, first.key]


def test_of_many_requests_that_share_a_code_the_newest_are_found(
    backend: PersistenceBackend,
) -> None:
    for number in range(MOST_WITH_SHORT_CODE + 2):
        stored_request(backend, CODE, number)

    found = backend.card_requests.with_short_code(CODE)

    newest = range(MOST_WITH_SHORT_CODE + 1, 1, -1)
    assert [key.ecosystem_id for key in found] == [f"user-{number:03}" for number in newest]


@pytest.mark.parametrize(
    "other",
    [CODE.upper(), CODE[1:], f"0{CODE}", f"{CODE} ", "ffffffff", "%", "________"],
)
def test_nothing_is_found_by_another_code(backend: PersistenceBackend, other: str) -> None:
    stored_request(backend, CODE)

    assert list(backend.card_requests.with_short_code(other)) == []


@pytest.mark.parametrize("odd", [*ODD_IDS, "\x00" * 8, "\ud800" * 8], ids=shortened)
def test_odd_text_is_the_code_of_nothing(backend: PersistenceBackend, odd: str) -> None:
    stored_request(backend, CODE)

    assert list(backend.card_requests.with_short_code(odd)) == []


def test_what_is_found_is_the_key_of_the_request(backend: PersistenceBackend) -> None:
    request = stored_request(backend, CODE)

    (key,) = backend.card_requests.with_short_code(CODE)

    assert key == CardRequestKey("user-001", request.request_id)
    assert the(backend, key).request_id == request.request_id

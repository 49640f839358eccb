"""Idempotency records: the condition that no live one exists, and expiry."""

from datetime import timedelta

import pytest

from accounts.entities import UserKey
from financial_api.kernel.idempotency import KEPT_FOR, IdempotencyKey
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from tests.support.builders import MOMENT, a_user, an_answer
from tests.support.storing import store, stored, the

EXPIRY = MOMENT + KEPT_FOR
TICK = timedelta(microseconds=1)


def test_a_first_answer_is_stored(backend: PersistenceBackend) -> None:
    backend.commit(Commit(now=MOMENT, saves=[a_user()], idempotency=an_answer()))

    assert the(backend, an_answer().key) == an_answer()


@pytest.mark.parametrize("now", [MOMENT, EXPIRY - TICK])
def test_a_second_answer_is_refused_while_the_first_is_live(
    backend: PersistenceBackend, now
) -> None:
    store(backend, an_answer(body=b"first"))

    with pytest.raises(ConcurrencyError):
        backend.commit(
            Commit(now=now, saves=[a_user()], idempotency=an_answer(moment=now, body=b"second"))
        )

    assert the(backend, an_answer().key).body == b"first"
    assert stored(backend, UserKey("user-001")) is None


@pytest.mark.parametrize("now", [EXPIRY, EXPIRY + TICK, EXPIRY + timedelta(days=2)])
def test_a_second_answer_replaces_the_first_once_that_expired(
    backend: PersistenceBackend, now
) -> None:
    store(backend, an_answer(body=b"first"))
    second = an_answer(moment=now, body=b"second", fingerprint="1" * 64)

    backend.commit(Commit(now=now, saves=[a_user()], idempotency=second))

    assert the(backend, second.key) == second


def test_an_answer_that_replaced_an_expired_one_is_live_itself(
    backend: PersistenceBackend,
) -> None:
    store(backend, an_answer())
    backend.commit(Commit(now=EXPIRY, idempotency=an_answer(moment=EXPIRY)))

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=EXPIRY, idempotency=an_answer(moment=EXPIRY)))


def test_the_commits_own_time_decides_and_not_the_stores(backend: PersistenceBackend) -> None:
    long_ago = MOMENT - timedelta(days=3650)
    store(backend, an_answer(moment=long_ago))

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=long_ago, idempotency=an_answer(moment=long_ago)))


def test_one_key_of_two_callers_is_two_keys(backend: PersistenceBackend) -> None:
    store(backend, an_answer(ecosystem_id="user-001", body=b"one"))
    store(backend, an_answer(ecosystem_id="user-002", body=b"two"))

    assert the(backend, IdempotencyKey.of("user-001", "key-1")).body == b"one"
    assert the(backend, IdempotencyKey.of("user-002", "key-1")).body == b"two"


def test_unless_answered_holds_without_an_answer_and_writes_none(
    backend: PersistenceBackend,
) -> None:
    key = an_answer().key

    backend.commit(Commit(now=MOMENT, saves=[a_user()], unless_answered=key))

    assert stored(backend, UserKey("user-001")) is not None
    assert stored(backend, key) is None


@pytest.mark.parametrize("now", [MOMENT, EXPIRY - TICK])
def test_unless_answered_refuses_the_commit_while_an_answer_is_live(
    backend: PersistenceBackend, now
) -> None:
    store(backend, an_answer())

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=now, saves=[a_user()], unless_answered=an_answer().key))

    assert stored(backend, UserKey("user-001")) is None


@pytest.mark.parametrize("now", [EXPIRY, EXPIRY + TICK])
def test_unless_answered_holds_once_the_answer_expired(backend: PersistenceBackend, now) -> None:
    store(backend, an_answer())

    backend.commit(Commit(now=now, saves=[a_user()], unless_answered=an_answer().key))

    assert stored(backend, UserKey("user-001")) is not None


def test_deletion_takes_what_expired_and_leaves_what_is_live(sweeping: PersistenceBackend) -> None:
    expired = an_answer("old", MOMENT)
    live = an_answer("new", MOMENT + 2 * TICK)
    store(sweeping, expired, live)

    deleted = sweeping.idempotency.delete_expired(EXPIRY + TICK, 10)

    assert deleted == 1
    assert stored(sweeping, expired.key) is None
    assert stored(sweeping, live.key) == live


def test_deletion_takes_no_more_than_its_limit_and_goes_on_until_none_is_left(
    sweeping: PersistenceBackend,
) -> None:
    store(sweeping, *(an_answer(f"key-{number}") for number in range(5)))
    later = EXPIRY + timedelta(hours=1)

    deleted = [sweeping.idempotency.delete_expired(later, 2) for _ in range(4)]

    assert deleted == [2, 2, 1, 0]

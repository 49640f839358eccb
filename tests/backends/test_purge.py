"""What a cleanup deletes, in which order, and what it leaves."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from accounts.audit import TargetType
from cards.entities import Card
from financial_api.kernel.cleanup import CleanupKey, CleanupState, DeletedCounts
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit, SequenceMove
from notifications.entities import DeliveryStatus
from outbox.entities import EntitySequence, EntityType, Lease
from tests.support.builders import (
    MOMENT,
    PHONE,
    a_customer,
    a_notification,
    a_pending_approval,
    a_score_record,
    a_transaction,
    an_answer,
    an_audit_log,
    an_event,
    an_id,
    an_inbound_message,
    at,
)
from tests.support.storing import store, stored, the

CUSTOMERS = 4
STORED = DeletedCounts(users=4, cards=4, card_requests=4, transactions=12, events=8, others=24)
SYSTEM = EntitySequence(
    entity_type=EntityType.SYSTEM, entity_id="cleanup", last_number=3, last_event_id=an_id(3)
)


@pytest.fixture
def rows(backend: PersistenceBackend) -> list[Any]:
    """Store something of every kind for each of a few customers, and return it."""
    rows: list[Any] = []
    for number in range(CUSTOMERS):
        name = f"user-{number}"
        user, request, card = a_customer(name)
        rows += [user, request, card]
        rows += [a_transaction(card, at(second)) for second in range(3)]
        rows += [a_score_record(name), an_answer(ecosystem_id=name)]
        rows += [a_notification(), a_pending_approval(), an_inbound_message()]
        rows += [an_event(n, at(n), entity=(EntityType.USER, name)) for n in (1, 2)]
        rows.append(EntitySequence(entity_type=EntityType.USER, entity_id=name, last_number=2))
    store(backend, *rows)
    return rows


_moments = map(at, itertools.count())


def begun(backend: PersistenceBackend) -> CleanupState:
    """Begin a cleanup, by a token that none before it had, and return its state as stored."""
    state = stored(backend, CleanupKey()) or CleanupState()
    store(backend, replace(state, running=True, last_token_issued_at=next(_moments)))
    return the(backend, CleanupKey())


def purge_all(
    backend: PersistenceBackend, limit: int, during: CleanupState | None = None
) -> list[DeletedCounts]:
    """Purge until nothing is left, and return what each round deleted."""
    during = during or begun(backend)
    rounds = []
    while counts := backend.purge(limit, during):
        rounds.append(counts)
    return rounds


def total(counts: DeletedCounts) -> int:
    return (
        counts.users
        + counts.cards
        + counts.card_requests
        + counts.transactions
        + counts.events
        + counts.others
    )


def test_an_empty_store_has_nothing_to_purge(backend: PersistenceBackend) -> None:
    assert backend.purge(10) == DeletedCounts()


@pytest.mark.parametrize("limit", [1, 3, 5, 1000])
def test_the_rounds_counts_add_up_to_what_was_there(
    backend: PersistenceBackend, rows: list[Any], limit: int
) -> None:
    assert sum(purge_all(backend, limit), DeletedCounts()) == STORED


@pytest.mark.parametrize("limit", [1, 5])
def test_no_round_deletes_much_more_than_its_limit(
    backend: PersistenceBackend, rows: list[Any], limit: int
) -> None:
    assert max(total(counts) for counts in purge_all(backend, limit)) <= 2 * limit


def test_once_nothing_is_left_every_further_round_says_so(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    purge_all(backend, 7)

    assert [backend.purge(7) for _ in range(2)] == [DeletedCounts()] * 2


def test_what_comes_to_a_table_that_was_emptied_goes_in_the_same_run(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    during = begun(backend)
    while not backend.purge(1, during).events:
        pass
    user, _, _ = a_customer("straggler")
    store(backend, user)

    assert sum(purge_all(backend, 10, during), DeletedCounts()).users == 1


def test_the_next_run_begins_with_users_wherever_the_one_before_was_broken_off(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    broken_off = begun(backend)
    while not backend.purge(1, broken_off).events:
        pass
    store(backend, *a_customer("straggler"))

    assert backend.purge(1, begun(backend)).users == 1


def test_users_go_before_anything_that_is_theirs(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    users_left, others_gone_early = CUSTOMERS, 0
    for counts in purge_all(backend, 1):
        users_left -= counts.users
        if users_left:
            others_gone_early += total(counts) - counts.users

    assert others_gone_early == 0


def test_after_a_purge_nothing_can_be_read(backend: PersistenceBackend, rows: list[Any]) -> None:
    purge_all(backend, 10)

    keys = [row.key for row in rows if hasattr(row, "key")]
    assert list(backend.read(keys)) == []


def test_after_a_purge_no_query_finds_anything(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    purge_all(backend, 10)

    for card in (row for row in rows if isinstance(row, Card)):
        name = card.ecosystem_id
        assert list(backend.users.score_history(name, 5)) == []
        assert list(backend.cards.of_user(name)) == []
        assert backend.card_requests.owner_of(card.request_id) is None
        assert list(backend.card_requests.with_short_code(card.request_id[-8:])) == []
        page = backend.transactions.page(name, card.card_id, None, after=None, limit=5)
        assert list(page.items) == []
    requests = backend.card_requests.page(None, oldest_first=True, after=None, limit=5)
    assert list(requests.items) == []
    assert list(backend.outbox.page(None, None, after=None, limit=5).items) == []
    assert backend.outbox.oldest_unsent() is None
    assert list(backend.notifications.with_status(DeliveryStatus.PENDING, 5)) == []
    assert list(backend.inbound_messages.of_sender(PHONE, 5)) == []
    assert list(backend.pending_approvals.expired(at(99_999), 5)) == []
    for shard in range(backend.outbox.shards):
        assert list(backend.outbox.proposals(shard, at(99), 5)) == []


def test_audit_logs_leases_the_cleanups_state_and_the_systems_counter_stay(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    state = CleanupState(running=True, heartbeat_at=at(1))
    log = an_audit_log()
    lease = Lease(shard=2, holder="worker-1", expires_at=at(10))
    store(backend, state, log, lease, SYSTEM)

    purge_all(backend, 10, the(backend, state.key))

    assert the(backend, state.key) == replace(state, version=1)
    assert the(backend, lease.key) == replace(lease, version=1)
    assert the(backend, SYSTEM.key) == SYSTEM
    logs = backend.audit_logs.page_of_target(TargetType.USER, "user-001", after=None, limit=5)
    assert list(logs.items) == [log]


def test_what_stays_is_not_counted(backend: PersistenceBackend) -> None:
    store(backend, CleanupState(), an_audit_log(), SYSTEM)

    assert backend.purge(10) == DeletedCounts()


def test_events_of_earlier_cleanups_go(backend: PersistenceBackend) -> None:
    event = an_event(3, entity=(EntityType.SYSTEM, "cleanup"))
    store(backend, event, SYSTEM)

    assert purge_all(backend, 10) == [DeletedCounts(events=1)]
    assert stored(backend, event.key) is None


def test_a_stragglers_commit_on_a_purged_user_leaves_nothing(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    user, _, card = (the(backend, row.key) for row in rows[:3])
    transaction = a_transaction(card, at(50))
    late_event = an_event(3, at(50), entity=(EntityType.CARD, card.card_id))
    counter = EntitySequence(entity_type=EntityType.CARD, entity_id=card.card_id)
    purge_all(backend, 10)

    with pytest.raises(ConcurrencyError):
        backend.commit(
            Commit(
                now=MOMENT,
                saves=[user, card, late_event],
                sequences=[SequenceMove(counter, replace(counter, last_number=1))],
                adds=[transaction],
                idempotency=an_answer(),
            )
        )

    assert backend.purge(10) == DeletedCounts()


def test_a_straggler_that_only_depends_on_a_purged_user_fails(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    user = the(backend, rows[0].key)
    while not backend.purge(1).cards:
        pass

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[an_event(9, at(9))], requires=[user]))


def test_after_a_purge_the_same_customer_starts_anew(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    purge_all(backend, 10)

    store(backend, *rows)

    assert the(backend, rows[0].key).version == 1
    assert sum(purge_all(backend, 10), DeletedCounts()) == STORED


def test_a_batch_of_a_cleanup_that_was_overtaken_deletes_nothing(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    store(backend, CleanupState(running=True))
    mine = the(backend, CleanupKey())
    store(backend, replace(mine, heartbeat_at=at(1)))

    with pytest.raises(ConcurrencyError):
        backend.purge(100, mine)

    assert backend.purge(100).users == CUSTOMERS


def test_a_batch_of_the_cleanup_that_runs_is_deleted(
    backend: PersistenceBackend, rows: list[Any]
) -> None:
    store(backend, CleanupState(running=True))

    assert backend.purge(100, the(backend, CleanupKey())).users == CUSTOMERS

"""The conditions of a commit, one at a time."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from accounts.entities import UserKey
from cards.entities import CardStatus
from financial_api.kernel.cleanup import CleanupState
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit, SequenceMove
from outbox.entities import EntitySequence, EntityType, EventStatus, Lease
from tests.support.builders import (
    MOMENT,
    a_card,
    a_customer,
    a_notification,
    a_pending_approval,
    a_request,
    a_score_record,
    a_transaction,
    a_user,
    an_audit_log,
    an_event,
    an_id,
    an_inbound_message,
    at,
)
from tests.support.storing import first_move, store, stored, the

KINDS = [
    "user",
    "request",
    "card",
    "event",
    "cleanup state",
    "lease",
    "notification",
    "pending approval",
]


def new_aggregate(backend: PersistenceBackend, kind: str) -> Any:
    """Return an aggregate that is not stored yet, with all it belongs to stored."""
    match kind:
        case "user":
            return a_user()
        case "request":
            store(backend, a_user())
            return a_request()
        case "card":
            user, request, card = a_customer()
            store(backend, user, replace(request, card_id=None))
            return card
        case "event":
            return an_event()
        case "lease":
            return Lease(shard=3)
        case "notification":
            return a_notification()
        case "pending approval":
            return a_pending_approval()
        case _:
            return CleanupState()


def changed(aggregate: Any, number: int) -> Any:
    """Return an aggregate with another value in a field that its kind has."""
    if isinstance(aggregate, CleanupState):
        return replace(aggregate, heartbeat_at=at(number))
    if isinstance(aggregate, Lease):
        return replace(aggregate, holder="worker-1", expires_at=at(number))
    field = "next_retry_at" if hasattr(aggregate, "next_retry_at") else "updated_at"
    return replace(aggregate, **{field: at(number)})


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_cannot_be_created(backend: PersistenceBackend, kind: str) -> None:
    aggregate = new_aggregate(backend, kind)
    store(backend, aggregate)

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[changed(aggregate, 5)]))

    assert the(backend, aggregate.key) == replace(aggregate, version=1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_cannot_be_changed(backend: PersistenceBackend, kind: str) -> None:
    aggregate = new_aggregate(backend, kind)

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[replace(aggregate, version=1)]))

    assert stored(backend, aggregate.key) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_raises_the_version_by_one(backend: PersistenceBackend, kind: str) -> None:
    aggregate = new_aggregate(backend, kind)

    versions = []
    for number in range(3):
        backend.commit(Commit(now=MOMENT, saves=[changed(aggregate, number)]))
        aggregate = the(backend, aggregate.key)
        versions.append(aggregate.version)

    assert versions == [1, 2, 3]


@pytest.mark.parametrize("stale", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_on_any_other_version_is_refused(
    backend: PersistenceBackend, kind: str, stale: int
) -> None:
    aggregate = new_aggregate(backend, kind)
    store(backend, aggregate)
    second = replace(changed(aggregate, 1), version=1)
    backend.commit(Commit(now=MOMENT, saves=[second]))

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[replace(changed(aggregate, 2), version=stale)]))

    assert the(backend, aggregate.key) == replace(second, version=2)


def test_a_change_that_changes_nothing_counts_as_one(backend: PersistenceBackend) -> None:
    store(backend, a_user())

    backend.commit(Commit(now=MOMENT, saves=[the(backend, UserKey("user-001"))]))

    assert the(backend, UserKey("user-001")).version == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_requirement_at_the_stored_version_holds_and_writes_nothing(
    backend: PersistenceBackend, kind: str
) -> None:
    aggregate = new_aggregate(backend, kind)
    store(backend, aggregate)
    required = replace(changed(aggregate, 5), version=1)

    backend.commit(Commit(now=MOMENT, saves=[a_user("user-002")], requires=[required]))

    assert the(backend, aggregate.key) == replace(aggregate, version=1)
    assert stored(backend, UserKey("user-002")) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_requirement_that_moved_refuses_the_commit(
    backend: PersistenceBackend, kind: str
) -> None:
    aggregate = new_aggregate(backend, kind)
    store(backend, aggregate)
    read = the(backend, aggregate.key)
    backend.commit(Commit(now=MOMENT, saves=[changed(read, 1)]))

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[a_user("user-002")], requires=[read]))

    assert stored(backend, UserKey("user-002")) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_requirement_that_is_gone_refuses_the_commit(
    backend: PersistenceBackend, kind: str
) -> None:
    absent = replace(new_aggregate(backend, kind), version=1)

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[a_user("user-002")], requires=[absent]))

    assert stored(backend, UserKey("user-002")) is None


def test_a_requirement_at_version_zero_holds_while_there_is_none(
    backend: PersistenceBackend,
) -> None:
    backend.commit(Commit(now=MOMENT, saves=[a_user()], requires=[CleanupState()]))

    assert stored(backend, UserKey("user-001")) is not None


def test_a_requirement_at_version_zero_fails_once_there_is_one(
    backend: PersistenceBackend,
) -> None:
    store(backend, CleanupState())

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[a_user()], requires=[CleanupState()]))


def a_counter(number: int) -> EntitySequence:
    last = an_id(number) if number else None
    return EntitySequence(
        entity_type=EntityType.CARD, entity_id="card-1", last_number=number, last_event_id=last
    )


def test_an_entitys_first_event_makes_its_counter(backend: PersistenceBackend) -> None:
    backend.commit(Commit(now=MOMENT, sequences=[SequenceMove(a_counter(0), a_counter(1))]))

    assert the(backend, a_counter(0).key) == a_counter(1)


def test_a_counter_moves_by_as_many_as_the_commit_has_events(backend: PersistenceBackend) -> None:
    store(backend, a_counter(1))

    backend.commit(Commit(now=MOMENT, sequences=[SequenceMove(a_counter(1), a_counter(4))]))

    assert the(backend, a_counter(0).key) == a_counter(4)


@pytest.mark.parametrize("read", [0, 1, 3])
def test_a_counter_that_moved_refuses_the_commit(backend: PersistenceBackend, read: int) -> None:
    store(backend, a_counter(2))

    with pytest.raises(ConcurrencyError):
        backend.commit(
            Commit(now=MOMENT, sequences=[SequenceMove(a_counter(read), a_counter(read + 1))])
        )

    assert the(backend, a_counter(0).key) == a_counter(2)


def test_a_counter_that_is_gone_refuses_the_commit(backend: PersistenceBackend) -> None:
    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, sequences=[SequenceMove(a_counter(3), a_counter(4))]))

    assert stored(backend, a_counter(0).key) is None


def test_one_commit_moves_counters_of_several_entities(backend: PersistenceBackend) -> None:
    counters = [replace(a_counter(1), entity_id="a"), replace(a_counter(2), entity_id="b")]

    backend.commit(Commit(now=MOMENT, sequences=[first_move(counter) for counter in counters]))

    assert [the(backend, counter.key) for counter in counters] == counters


@pytest.mark.parametrize("kind", ["transaction", "score record", "audit log", "inbound"])
def test_a_record_is_added_only_once(backend: PersistenceBackend, kind: str) -> None:
    user, request, card = a_customer()
    record: Any = {
        "transaction": a_transaction(card),
        "score record": a_score_record(),
        "audit log": an_audit_log(),
        "inbound": an_inbound_message(),
    }[kind]
    store(backend, user, request, card, record)

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[a_user("user-002")], adds=[record]))

    assert stored(backend, UserKey("user-002")) is None


def test_a_commit_of_ten_things_is_stored_in_full(backend: PersistenceBackend) -> None:
    users = [a_user(f"user-{number}") for number in range(10)]

    backend.commit(Commit(now=MOMENT, saves=users))

    assert len(list(backend.read([user.key for user in users]))) == 10


def test_an_event_that_was_marked_meanwhile_cannot_be_marked_again(
    backend: PersistenceBackend,
) -> None:
    event = an_event()
    store(backend, event)
    read = the(backend, event.key)
    sent = replace(read, status=EventStatus.SENT, sent_at=at(1))
    backend.commit(Commit(now=MOMENT, saves=[sent]))

    with pytest.raises(ConcurrencyError):
        backend.commit(Commit(now=MOMENT, saves=[replace(read, status=EventStatus.FAILED)]))

    assert the(backend, event.key).status is EventStatus.SENT


def test_a_card_may_be_replaced_in_the_commit_that_cancels_it(backend: PersistenceBackend) -> None:
    user, request, card = a_customer()
    store(backend, user, request, card)
    second = a_request(moment=at(1))
    store(backend, second)
    successor = a_card(second, at(1), limit=Decimal("2000.00"))
    cancelled = replace(card, status=CardStatus.CANCELLED, version=1)

    backend.commit(Commit(now=MOMENT, saves=[successor, cancelled]))

    assert the(backend, card.key).status is CardStatus.CANCELLED
    assert the(backend, successor.key).status is CardStatus.ACTIVE

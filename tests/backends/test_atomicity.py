"""A condition that fails anywhere in a commit leaves nothing of it anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from accounts.audit import TargetType
from financial_api.kernel.cleanup import CleanupState
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import MOST_ITEMS, Commit, SequenceMove
from notifications.entities import ApprovalStatus, DeliveryStatus
from outbox.entities import EntitySequence, EntityType, EventStatus
from tests.support.builders import (
    MOMENT,
    PHONE,
    SHARDS,
    a_card,
    a_customer,
    a_notification,
    a_pending_approval,
    a_request,
    a_score_record,
    a_transaction,
    a_user,
    an_answer,
    an_audit_log,
    an_event,
    an_id,
    an_inbound_message,
    at,
    waiting_for,
)
from tests.support.storing import store, the


class Command:
    """Two commits that name, between them, everything a commit can, and what they meet.

    The customer's own rows are changed; a request, another's card, an event and records are new.
    """

    def __init__(self, backend: PersistenceBackend) -> None:
        self.backend = backend
        user, request, card = a_customer()
        self.bystander = a_user("user-002")
        self.admin = a_user("admin-001")
        counter = EntitySequence(
            entity_type=EntityType.CARD,
            entity_id=card.card_id,
            last_number=1,
            last_event_id=an_id(1),
        )
        other_request = a_request("user-002", at(2))
        marked = an_event(1, entity=(EntityType.CARD, card.card_id))
        store(backend, user, request, card, self.bystander, self.admin, counter)
        approval = a_pending_approval()
        store(backend, other_request, marked, approval)
        self.user = the(backend, user.key)
        self.card = the(backend, card.key)
        self.counter = counter
        self.request = a_request(moment=at(1))
        self.event = an_event(2, at(1), entity=(EntityType.CARD, card.card_id))
        self.transaction = a_transaction(card, at(1))
        self.score_record = a_score_record(moment=at(1))
        self.audit_log = an_audit_log(at(1))
        self.answer = an_answer(moment=at(1))
        self.other_answer = an_answer("key-2", at(1))
        self.cleanup = CleanupState(running=True)
        self.marked = the(backend, marked.key)
        self.other_card = a_card(other_request, at(2))
        self.notification = a_notification()
        self.approval = the(backend, approval.key)
        self.message = an_inbound_message()

    def most(self) -> Commit:
        """Return a commit of ten things."""
        return Commit(
            now=at(1),
            saves=[
                waiting_for(replace(self.user, current_score=420), self.request),
                replace(self.card, updated_at=at(1)),
                self.request,
                self.event,
            ],
            sequences=[
                SequenceMove(
                    self.counter,
                    replace(self.counter, last_number=2, last_event_id=self.event.event_id),
                )
            ],
            adds=[self.transaction, self.score_record, self.audit_log],
            requires=[the(self.backend, self.admin.key)],
            idempotency=self.answer,
        )

    def rest(self) -> Commit:
        """Return a commit of what does not fit in with those."""
        return Commit(
            now=at(1),
            saves=[
                replace(self.marked, status=EventStatus.SENT, sent_at=at(1)),
                self.other_card,
                self.cleanup,
                self.notification,
                replace(self.approval, approval_status=ApprovalStatus.APPROVED),
            ],
            sequences=[
                SequenceMove(
                    EntitySequence(entity_type=EntityType.SCORE, entity_id="user-002"),
                    EntitySequence(
                        entity_type=EntityType.SCORE, entity_id="user-002", last_number=1
                    ),
                )
            ],
            adds=[self.audit_log, self.message],
            requires=[the(self.backend, self.bystander.key)],
            unless_answered=self.other_answer.key,
        )

    def everything(self) -> list[Any]:
        """Return all that either commit could have touched."""
        named = [self.most(), self.rest()]
        keys = [row.key for commit in named for row in (*commit.saves, *commit.requires)]
        keys += [move.before.key for commit in named for move in commit.sequences]
        keys += [self.answer.key, self.other_answer.key, self.message.key]
        reading = self.backend.read(keys)
        backend = self.backend
        everything = [reading.get(key) for key in keys]
        for customer in ("user-001", "user-002"):
            everything += backend.users.score_history(customer, 10)
            everything += backend.cards.of_user(customer)
        pages = [
            backend.card_requests.page(None, oldest_first=True, after=None, limit=10),
            backend.transactions.page("user-001", self.card.card_id, None, after=None, limit=10),
            backend.outbox.page(None, None, after=None, limit=10),
            backend.audit_logs.page_of_target(TargetType.USER, "user-001", after=None, limit=10),
            backend.audit_logs.page_of_actor("admin-001", after=None, limit=10),
        ]
        everything += [page.items for page in pages]
        everything += [backend.outbox.proposals(shard, at(99), 10) for shard in range(SHARDS)]
        everything.append(backend.card_requests.owner_of(self.request.request_id))
        everything += [
            backend.card_requests.with_short_code(self.request.short_code),
            backend.notifications.with_status(DeliveryStatus.PENDING, 10),
            backend.inbound_messages.of_sender(PHONE, 10),
            backend.pending_approvals.expired(at(99_999), 10),
        ]
        return everything


@dataclass(frozen=True)
class Spoiler:
    """What somebody else stored first, and the commit that then fails."""

    place: str
    fails: Callable[[Command], Commit]
    stores: Callable[[Command], Any]


def moved(aggregate: Any) -> Commit:
    return Commit(now=MOMENT, saves=[aggregate])


def moved_counter(command: Command) -> Commit:
    after = replace(command.counter, last_number=2, last_event_id=an_id(2))
    return Commit(now=MOMENT, sequences=[SequenceMove(command.counter, after)])


MOST = [
    ("a stale user", lambda c: moved(c.user)),
    ("a stale card", lambda c: moved(c.card)),
    ("a request that is there", lambda c: moved(c.request)),
    ("an event that is there", lambda c: moved(c.event)),
    ("a moved counter", moved_counter),
    ("a transaction that is there", lambda c: Commit(now=MOMENT, adds=[c.transaction])),
    ("a score record that is there", lambda c: Commit(now=MOMENT, adds=[c.score_record])),
    ("an audit log that is there", lambda c: Commit(now=MOMENT, adds=[c.audit_log])),
    ("a moved requirement", lambda c: moved(the(c.backend, c.admin.key))),
    ("an answered key", lambda c: Commit(now=MOMENT, idempotency=c.answer)),
]
REST = [
    ("a stale event", lambda c: moved(c.marked)),
    ("a card that is there", lambda c: moved(c.other_card)),
    ("a cleanup that is there", lambda c: moved(c.cleanup)),
    (
        "a counter that is there",
        lambda c: Commit(now=MOMENT, sequences=c.rest().sequences),
    ),
    ("an audit log that is there", lambda c: Commit(now=MOMENT, adds=[c.audit_log])),
    ("a notification that is there", lambda c: moved(c.notification)),
    ("a stale tracker", lambda c: moved(c.approval)),
    ("a message that is there", lambda c: Commit(now=MOMENT, adds=[c.message])),
    ("a moved requirement", lambda c: moved(the(c.backend, c.bystander.key))),
    ("an answered key", lambda c: Commit(now=MOMENT, idempotency=c.other_answer)),
]
SPOILERS = [Spoiler(place, Command.most, stores) for place, stores in MOST]
SPOILERS += [Spoiler(place, Command.rest, stores) for place, stores in REST]


@pytest.mark.parametrize(
    "spoiler", SPOILERS, ids=lambda spoiler: f"{spoiler.fails.__name__}: {spoiler.place}"
)
def test_one_condition_that_fails_leaves_nothing_anywhere(
    backend: PersistenceBackend, spoiler: Spoiler
) -> None:
    command = Command(backend)
    commit = spoiler.fails(command)
    backend.commit(spoiler.stores(command))
    before = command.everything()

    with pytest.raises(ConcurrencyError):
        backend.commit(commit)

    assert command.everything() == before


@pytest.mark.parametrize("name", ["most", "rest"])
def test_unspoiled_the_commit_is_stored_in_all_its_places(
    backend: PersistenceBackend, name: str
) -> None:
    command = Command(backend)
    commit = getattr(command, name)()

    backend.commit(commit)

    reading = backend.read([row.key for row in commit.saves])
    assert all(reading.get(row.key).version == row.version + 1 for row in commit.saves)
    assert all(the(backend, move.after.key) == move.after for move in commit.sequences)
    everything = command.everything()
    for record in commit.adds:
        assert record in everything or any(record in page for page in everything if _is_page(page))
    if commit.idempotency is not None:
        assert the(backend, commit.idempotency.key) == commit.idempotency


def test_the_fullest_commit_is_as_long_as_a_commit_may_be(backend: PersistenceBackend) -> None:
    assert len(Command(backend).most()) == MOST_ITEMS


def _is_page(value: Any) -> bool:
    return isinstance(value, list | tuple)

"""Messages from admins with what they do, and the trackers of what waits for an answer."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from notifications.entities import (
    ApprovalStatus,
    IgnoredReason,
    InboundAction,
    InboundMessage,
    PendingApproval,
)
from tests.backends.test_notifications import (
    LAST_MICROSECOND,
    ODD_TEXTS,
    SHUFFLED,
    TEXTS,
    seconds,
)
from tests.backends.test_reads import shortened
from tests.backends.test_threads import is_stored
from tests.support.builders import (
    MOMENT,
    PHONE,
    TEXT,
    a_notification,
    a_pending_approval,
    a_request,
    a_user,
    an_event,
    an_id,
    an_inbound_message,
    at,
    rejected,
)
from tests.support.sameness import assert_same
from tests.support.storing import store, stored, the
from tests.support.threads import Together

OTHER_PHONE = "5521912345678"

MESSAGES: dict[str, InboundMessage] = {
    "bare": an_inbound_message(),
    "ignored, of a stranger": an_inbound_message(
        message_id=f"session#true_{'x' * 400}@g.us/+=_é",
        sender_phone=None,
        text=TEXT,
        action=InboundAction.IGNORED,
        reason=IgnoredReason.GROUP_MESSAGE,
        request_id=None,
        received_at=LAST_MICROSECOND,
    ),
    "failed": an_inbound_message(action=InboundAction.ERROR, error=TEXT),
    "about no id": an_inbound_message(request_id="1a2b3c4d", error=""),
}
MESSAGES |= {name: an_inbound_message(text=text) for name, text in TEXTS.items()}

APPROVALS: dict[str, PendingApproval] = {
    "bare": a_pending_approval(),
    "told nobody": a_pending_approval(notification_ids=()),
    "settled": a_pending_approval(
        notification_ids=tuple(f"{an_id(1)}#{number}" for number in range(8)),
        approval_status=ApprovalStatus.EXPIRED,
        expires_at=LAST_MICROSECOND,
        updated_at=at(1),
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_comes_back(backend: PersistenceBackend, name: str) -> None:
    message = MESSAGES[name]

    store(backend, message)

    assert_same(the(backend, message.key), message)


@pytest.mark.parametrize("name", APPROVALS)
def test_a_tracker_comes_back(backend: PersistenceBackend, name: str) -> None:
    approval = APPROVALS[name]

    store(backend, approval)

    assert_same(the(backend, approval.key), replace(approval, version=1))


def what_an_answer_does(
    backend: PersistenceBackend, message: InboundMessage, number: int
) -> Commit:
    """Return what an admin's answer stores, about a request of its own."""
    request = a_request(f"user-{number}", at(number))
    approval = a_pending_approval(request_id=request.request_id)
    store(backend, a_user(request.ecosystem_id), request, approval)
    return Commit(
        now=MOMENT,
        saves=[
            rejected(the(backend, request.key)),
            replace(the(backend, approval.key), approval_status=ApprovalStatus.REJECTED),
            a_notification(at(number)),
            an_event(number, at(number)),
        ],
        adds=[message],
    )


def test_an_answer_is_stored_with_all_that_it_does(backend: PersistenceBackend) -> None:
    message = an_inbound_message()
    commit = what_an_answer_does(backend, message, 1)

    backend.commit(commit)

    assert the(backend, message.key) == message
    for row in commit.saves:
        assert the(backend, row.key) == replace(row, version=row.version + 1)


def test_a_message_that_comes_again_does_nothing(backend: PersistenceBackend) -> None:
    message = an_inbound_message()
    backend.commit(what_an_answer_does(backend, message, 1))
    again = what_an_answer_does(backend, replace(message, received_at=at(9), text="n"), 2)
    before = [stored(backend, row.key) for row in again.saves]

    with pytest.raises(ConcurrencyError):
        backend.commit(again)

    assert [stored(backend, row.key) for row in again.saves] == before
    assert the(backend, message.key) == message
    assert list(backend.inbound_messages.of_sender(PHONE, 5)) == [message]


def test_an_answer_to_a_request_that_moved_is_not_stored(backend: PersistenceBackend) -> None:
    message = an_inbound_message()
    commit = what_an_answer_does(backend, message, 1)
    backend.commit(Commit(now=MOMENT, saves=[commit.saves[0]]))

    with pytest.raises(ConcurrencyError):
        backend.commit(commit)

    assert stored(backend, message.key) is None
    assert list(backend.inbound_messages.of_sender(PHONE, 5)) == []


def test_of_one_message_delivered_many_times_at_once_one_is_stored(
    backend: PersistenceBackend, together: Together
) -> None:
    message = an_inbound_message()
    commits = [what_an_answer_does(backend, message, number) for number in range(1, 9)]

    outcomes = together.run([partial(is_stored, backend, commit) for commit in commits])

    assert outcomes.count(True) == 1
    events = backend.outbox.page(None, None, after=None, limit=10).items
    assert [event.event_id for event in events] == [commits[outcomes.index(True)].saves[3].event_id]


def test_where_nothing_was_stored_nothing_is_found(backend: PersistenceBackend) -> None:
    assert list(backend.inbound_messages.of_sender(PHONE, 5)) == []
    assert expired(backend) == []


def test_a_senders_messages_are_found_newest_first(backend: PersistenceBackend) -> None:
    for number in (2, 4, 1, 3):
        store(backend, an_inbound_message(at(number), message_id=f"session#{9 - number}"))
    others = [an_inbound_message(at(n), sender_phone=OTHER_PHONE) for n in (5, 6)]
    store(backend, *others)

    def found(limit: int) -> list[float]:
        return seconds(backend.inbound_messages.of_sender(PHONE, limit), "received_at")

    assert found(10) == [4, 3, 2, 1]
    assert found(2) == [4, 3]
    assert list(backend.inbound_messages.of_sender(OTHER_PHONE, 10)) == others[::-1]


def test_messages_of_nobodys_phone_are_found_by_their_ids_alone(
    backend: PersistenceBackend,
) -> None:
    message = MESSAGES["ignored, of a stranger"]
    store(backend, message, an_inbound_message())

    assert the(backend, message.key) == message
    for phone in (PHONE, OTHER_PHONE, "None", "null", ""):
        assert message not in backend.inbound_messages.of_sender(phone, 10)


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=shortened)
def test_odd_text_is_nobodys_phone(backend: PersistenceBackend, odd: str) -> None:
    store(backend, an_inbound_message(), an_inbound_message(sender_phone=None))

    assert list(backend.inbound_messages.of_sender(odd, 5)) == []


def an_approval_until(second: float, **fields: Any) -> PendingApproval:
    return a_pending_approval(expires_at=at(second), **fields)


def expired(backend: PersistenceBackend, second: float = 60, limit: int = 100) -> list[float]:
    return seconds(backend.pending_approvals.expired(at(second), limit), "expires_at")


def test_trackers_expire_the_longest_expired_first(backend: PersistenceBackend) -> None:
    store(backend, *map(an_approval_until, SHUFFLED))

    assert expired(backend) == sorted(SHUFFLED)
    assert expired(backend, 6) == [1, 2, 3, 4, 5, 6]
    assert expired(backend, limit=4) == [1, 2, 3, 4]


def test_a_tracker_expires_at_the_very_moment_of_its_expiry(backend: PersistenceBackend) -> None:
    row = an_approval_until(1)
    store(backend, row)

    assert expired(backend, 0.999999) == []
    assert list(backend.pending_approvals.expired(at(1), 5)) == [replace(row, version=1)]


@pytest.mark.parametrize("status", set(ApprovalStatus) - {ApprovalStatus.PENDING})
def test_a_settled_tracker_does_not_expire(
    backend: PersistenceBackend, status: ApprovalStatus
) -> None:
    row = an_approval_until(1)
    store(backend, row, an_approval_until(2, approval_status=status), an_approval_until(3))
    settled = replace(the(backend, row.key), approval_status=status)

    backend.commit(Commit(now=MOMENT, saves=[settled]))

    assert expired(backend) == [3]
    assert the(backend, row.key).approval_status is status

"""Requests that nobody decided in time are rejected by the system, and each only once."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.audit import AuditAction, TargetType
from cards.entities import CardRequest, RequestStatus
from financial_api.kernel import clock
from financial_api.kernel.parameters import Parameters
from infra_backends import persistence
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from notifications import answering, asking, expiry, rules
from notifications.entities import ApprovalStatus, InboundAction, PendingApprovalKey
from outbox.entities import EntityType, EventType
from tests.support.builders import MOMENT, a_request
from tests.support.clocks import SetClock
from tests.support.customers import Admin, a_waiting_customer
from tests.support.interleaving import Interleaving
from tests.support.storing import store, the
from tests.support.whatsapp import ANA, BOTH, events_of, from_admin


@pytest.fixture
def time() -> Iterator[SetClock]:
    """A clock that moves only when it is told to."""
    with clock.installed(SetClock(MOMENT)) as set_clock:
        assert isinstance(set_clock, SetClock)
        yield set_clock


@pytest.fixture
def asked(
    backend: PersistenceBackend, time: SetClock, settings: Settings
) -> Callable[..., CardRequest]:
    """Makes a pending request that admins were asked about."""
    settings.WHATSAPP_ADMINS = BOTH

    def make(ecosystem_id: str = "user-001") -> CardRequest:
        _, request = a_waiting_customer(ecosystem_id)
        asking.ask_for_approval(events_of(EntityType.CARD_REQUEST, request.request_id)[0])
        return request

    return make


def tracker_status(request: CardRequest) -> ApprovalStatus:
    return the(persistence, PendingApprovalKey(request.request_id)).approval_status


def test_a_request_is_rejected_as_the_system_when_its_time_is_up(
    backend: PersistenceBackend, time: SetClock, asked: Callable[..., CardRequest]
) -> None:
    request = asked()
    time.move(hours=24, seconds=-1)
    assert expiry.expire_due() == 0
    time.move(seconds=2)

    assert expiry.expire_due() == 1

    rejected = the(backend, request.key)
    assert rejected.status is RequestStatus.REJECTED
    assert rejected.decision is not None
    assert rejected.decision.reason == expiry.REASON
    assert tracker_status(request) is ApprovalStatus.EXPIRED
    event = events_of(EntityType.CARD_REQUEST, request.request_id)[-1]
    assert (event.event_type, event.payload["adminId"]) == (EventType.CARD_REJECTED, "system")
    page = persistence.audit_logs.page_of_target(
        TargetType.CARD_REQUEST, request.request_id, after=None, limit=10
    )
    (log,) = page.items
    assert (log.admin_ecosystem_id, log.admin_email, log.action, log.request_id) == (
        "system",
        "system@internal",
        AuditAction.CARD_REQUEST_REJECTED,
        None,
    )
    assert expiry.expire_due() == 0


def test_a_request_that_was_decided_otherwise_keeps_its_decision(
    backend: PersistenceBackend, time: SetClock, asked: Callable[..., CardRequest]
) -> None:
    request = asked()
    Admin().approve(request)
    time.move(hours=25)

    assert expiry.expire_due() == 1

    assert the(backend, request.key).status is RequestStatus.APPROVED
    assert tracker_status(request) is ApprovalStatus.APPROVED
    assert len(events_of(EntityType.CARD_REQUEST, request.request_id)) == 2


def test_an_answer_at_the_last_moment_wins(
    backend: PersistenceBackend,
    time: SetClock,
    asked: Callable[..., CardRequest],
    interleaving: Interleaving,
) -> None:
    request = asked()
    time.move(hours=25)
    last_moment = from_admin(ANA, f"y {request.short_code}")
    interleaving.before_commit(lambda: answering.receive(last_moment))

    expiry.expire_due()

    assert the(backend, last_moment.key).action is InboundAction.APPROVED
    assert the(backend, request.key).status is RequestStatus.APPROVED
    assert tracker_status(request) is ApprovalStatus.APPROVED


def test_two_processes_that_let_a_request_expire_reject_it_once(
    backend: PersistenceBackend,
    time: SetClock,
    asked: Callable[..., CardRequest],
    interleaving: Interleaving,
) -> None:
    request = asked()
    time.move(hours=25)
    interleaving.before_commit(expiry.expire_due)

    assert expiry.expire_due() == 0

    assert len(events_of(EntityType.CARD_REQUEST, request.request_id)) == 2
    assert tracker_status(request) is ApprovalStatus.EXPIRED


def test_requests_expire_each_in_its_own_time(
    backend: PersistenceBackend, time: SetClock, asked: Callable[..., CardRequest]
) -> None:
    early = asked("user-early")
    time.present = MOMENT + timedelta(hours=1)
    late = asked("user-late")
    time.present = MOMENT + timedelta(hours=24, minutes=30)

    expiry.expire_due()

    assert tracker_status(early) is ApprovalStatus.EXPIRED
    assert tracker_status(late) is ApprovalStatus.PENDING
    assert the(backend, late.key).status is RequestStatus.PENDING


def test_one_that_keeps_changing_holds_up_no_other(
    backend: PersistenceBackend,
    time: SetClock,
    asked: Callable[..., CardRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fought_over, other = asked("user-fought-over"), asked("user-other")
    time.move(hours=25)
    commit = backend.commit

    def conflict(wanted: object) -> None:
        if fought_over.key in [one.key for one in wanted.saves]:  # type: ignore[attr-defined]
            raise ConcurrencyError("moved again")
        commit(wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(backend, "commit", conflict)

    assert expiry.expire_due() == 1
    assert tracker_status(other) is ApprovalStatus.EXPIRED
    assert tracker_status(fought_over) is ApprovalStatus.PENDING


def test_a_tracker_of_nothing_is_closed_and_holds_up_no_other(
    backend: PersistenceBackend, time: SetClock, asked: Callable[..., CardRequest]
) -> None:
    request = asked()
    gone = a_request("user-gone")
    orphan = rules.tracker(gone, [], Parameters(), time.now() - timedelta(hours=1))
    store(backend, orphan)
    time.move(hours=25)

    assert expiry.expire_due() == 2

    assert tracker_status(gone) is ApprovalStatus.EXPIRED
    assert the(backend, request.key).status is RequestStatus.REJECTED

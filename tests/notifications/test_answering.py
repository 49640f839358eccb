"""Admins' answers: each acts once, through the same decision as over HTTP, and all are kept."""

from dataclasses import replace

import pytest
from pytest_django import Settings

from accounts.audit import AuditAction, TargetType
from accounts.entities import UserKey, UserStatus
from cards.entities import CardRequestKey, DecisionSource, RequestStatus
from infra_backends import persistence
from infra_backends.persistence.base import PersistenceBackend
from notifications import answering, asking
from notifications.entities import (
    ApprovalStatus,
    IgnoredReason,
    InboundAction,
    InboundMessage,
    PendingApprovalKey,
)
from outbox.entities import EntityType, EventType
from tests.support.builders import a_request, a_user, an_id, rejected, waiting_for
from tests.support.customers import Admin, Person, a_cardholder, a_waiting_customer
from tests.support.interleaving import Interleaving
from tests.support.storing import store, stored, the
from tests.support.threads import Together
from tests.support.whatsapp import ANA, BEA, BOTH, STRANGER, events_of, from_admin

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(autouse=True)
def _admins(settings: Settings) -> None:
    settings.WHATSAPP_ADMINS = BOTH


def audit_of(request_id: str) -> list[tuple[str, AuditAction, str | None]]:
    page = persistence.audit_logs.page_of_target(
        TargetType.CARD_REQUEST, request_id, after=None, limit=10
    )
    return [(log.admin_ecosystem_id, log.action, log.request_id) for log in page.items]


def verdict(message: InboundMessage) -> tuple[str, str | None]:
    return message.action, message.reason or message.error


def test_yes_approves_with_the_limit_of_the_tier_and_everything_in_one_commit(
    backend: PersistenceBackend,
) -> None:
    customer, request = a_waiting_customer()
    asking.ask_for_approval(events_of(EntityType.CARD_REQUEST, request.request_id)[0])
    delivery = from_admin(ANA, f"Y {request.short_code.upper()}")

    message = answering.receive(delivery)

    assert verdict(message) == (InboundAction.APPROVED, None)
    assert message.request_id == request.request_id
    assert the(backend, delivery.key) == message
    decided = the(backend, request.key)
    assert decided.status is RequestStatus.APPROVED
    assert decided.decision is not None
    assert decided.decision.source is DecisionSource.ADMIN
    assert str(customer.card.limit) == "2000.00"
    assert customer.user.card_summary == customer.card.totals
    event = events_of(EntityType.CARD_REQUEST, request.request_id)[-1]
    assert event.event_type is EventType.CARD_APPROVED
    assert event.payload["adminId"] == ANA.ecosystem_id
    assert audit_of(request.request_id) == [
        (ANA.ecosystem_id, AuditAction.CARD_REQUEST_APPROVED, None)
    ]
    tracker = the(backend, PendingApprovalKey(request.request_id))
    assert tracker.approval_status is ApprovalStatus.APPROVED


def test_no_rejects_by_the_whole_id_as_well(backend: PersistenceBackend) -> None:
    customer, request = a_waiting_customer()

    message = answering.receive(from_admin(BEA, f"no {request.request_id}"))

    assert verdict(message) == (InboundAction.REJECTED, None)
    assert the(backend, request.key).status is RequestStatus.REJECTED
    assert customer.user.last_rejected_at is not None
    assert audit_of(request.request_id) == [
        (BEA.ecosystem_id, AuditAction.CARD_REQUEST_REJECTED, None)
    ]


def test_the_limit_is_that_of_the_tier_now(backend: PersistenceBackend) -> None:
    customer, request = a_waiting_customer()
    Admin().set_score(customer, 700)

    answering.receive(from_admin(ANA, f"y {request.short_code}"))

    assert str(customer.card.limit) == "10000.00"


def test_the_first_answer_wins_and_the_second_is_told_so(backend: PersistenceBackend) -> None:
    _, request = a_waiting_customer()
    answering.receive(from_admin(ANA, f"y {request.short_code}", "first"))

    second = answering.receive(from_admin(BEA, f"n {request.short_code}", "second"))

    assert verdict(second) == (InboundAction.IGNORED, IgnoredReason.ALREADY_PROCESSED)
    assert second.request_id == request.request_id
    assert the(backend, request.key).status is RequestStatus.APPROVED
    assert len(audit_of(request.request_id)) == 1


def test_what_was_decided_over_http_is_decided(backend: PersistenceBackend) -> None:
    _, request = a_waiting_customer()
    Admin().reject(request)

    message = answering.receive(from_admin(ANA, f"y {request.short_code}"))

    assert verdict(message) == (InboundAction.IGNORED, IgnoredReason.ALREADY_PROCESSED)


def test_of_two_admins_who_answer_at_once_one_decides(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    _, request = a_waiting_customer()
    winner = from_admin(BEA, f"n {request.short_code}", "winner")
    interleaving.before_commit(lambda: answering.receive(winner))

    loser = answering.receive(from_admin(ANA, f"y {request.short_code}", "loser"))

    assert verdict(loser) == (InboundAction.IGNORED, IgnoredReason.ALREADY_PROCESSED)
    assert the(backend, winner.key).action is InboundAction.REJECTED
    assert audit_of(request.request_id) == [
        (BEA.ecosystem_id, AuditAction.CARD_REQUEST_REJECTED, None)
    ]


def test_of_many_answers_in_threads_one_decides(
    backend: PersistenceBackend, together: Together
) -> None:
    _, request = a_waiting_customer()
    answers = [
        from_admin(admin, f"{word} {request.short_code}", f"{admin.phone}{word}{number}")
        for admin in (ANA, BEA)
        for word in ("y", "n")
        for number in range(2)
    ]

    messages = together.run([lambda one=one: answering.receive(one) for one in answers])  # type: ignore[misc]

    decided = [m for m in messages if m.action in {"approved", "rejected"}]
    assert len(decided) == 1
    assert {verdict(m) for m in messages if m not in decided} == {
        (InboundAction.IGNORED, IgnoredReason.ALREADY_PROCESSED)
    }
    assert len(audit_of(request.request_id)) == 1


def test_a_message_that_is_delivered_again_acts_once_and_is_told_the_same(
    backend: PersistenceBackend,
) -> None:
    _, request = a_waiting_customer()
    delivery = from_admin(ANA, f"y {request.short_code}")
    first = answering.receive(delivery)

    assert answering.receive(delivery) == first
    assert len(audit_of(request.request_id)) == 1


def test_a_message_that_is_delivered_twice_at_once_acts_once(
    backend: PersistenceBackend, interleaving: Interleaving
) -> None:
    _, request = a_waiting_customer()
    delivery = from_admin(ANA, f"n {request.short_code}")
    interleaving.before_commit(lambda: answering.receive(delivery))

    message = answering.receive(delivery)

    assert verdict(message) == (InboundAction.REJECTED, None)
    assert len(audit_of(request.request_id)) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_from_self": True}, IgnoredReason.FROM_SELF),
        ({"is_from_group": True}, IgnoredReason.GROUP_MESSAGE),
        ({"sender": f"{STRANGER}@c.us"}, IgnoredReason.NOT_WHITELISTED),
        ({"sender": "14155552671@c.us"}, IgnoredReason.NOT_WHITELISTED),
        ({"sender": f"{ANA.phone}@lid"}, IgnoredReason.NOT_WHITELISTED),
        ({"sender": ""}, IgnoredReason.NOT_WHITELISTED),
        ({"text": "good morning"}, IgnoredReason.INVALID_COMMAND),
        ({"text": ""}, IgnoredReason.INVALID_COMMAND),
        ({"text": "y 00000000"}, IgnoredReason.REQUEST_NOT_FOUND),
        ({"text": f"y {an_id(7)}"}, IgnoredReason.REQUEST_NOT_FOUND),
    ],
)
def test_what_is_ignored_decides_nothing_and_is_kept_with_its_reason(
    backend: PersistenceBackend, fields: dict[str, object], reason: IgnoredReason
) -> None:
    _, request = a_waiting_customer()
    delivery = replace(from_admin(ANA, f"y {request.short_code}"), **fields)  # type: ignore[arg-type]

    message = answering.receive(delivery)

    assert verdict(message) == (InboundAction.IGNORED, reason)
    assert the(backend, delivery.key) == message
    assert the(backend, request.key).status is RequestStatus.PENDING


def test_an_admin_is_known_by_a_number_without_the_ninth_digit(
    backend: PersistenceBackend,
) -> None:
    _, request = a_waiting_customer()
    old_form = ANA.phone[:4] + ANA.phone[5:]

    delivery = replace(from_admin(ANA, f"n {request.short_code}"), sender=f"{old_form}@c.us")

    message = answering.receive(delivery)

    assert verdict(message) == (InboundAction.REJECTED, None)
    assert message.sender_phone == ANA.phone


def two_requests_of_one_code(backend: PersistenceBackend) -> tuple[CardRequestKey, CardRequestKey]:
    """Store two pending requests that were made at different times and end alike."""
    keys = []
    for number in (1, 2):
        request = a_request(
            f"user-{number}", request_id=f"0190fa4e-000{number}-7000-8000-0000aaaabbbb"
        )
        store(backend, waiting_for(a_user(f"user-{number}"), request), request)
        keys.append(request.key)
    return keys[0], keys[1]


def test_a_code_that_fits_two_pending_requests_decides_neither(
    backend: PersistenceBackend,
) -> None:
    keys = two_requests_of_one_code(backend)

    message = answering.receive(from_admin(ANA, "y aaaabbbb"))

    assert verdict(message) == (InboundAction.IGNORED, IgnoredReason.REQUEST_NOT_FOUND)
    assert message.error == answering.AMBIGUOUS
    assert {the(backend, key).status for key in keys} == {RequestStatus.PENDING}


def test_of_two_requests_of_one_code_the_whole_id_decides_one_and_then_the_code_the_other(
    backend: PersistenceBackend,
) -> None:
    first, second = two_requests_of_one_code(backend)

    by_id = answering.receive(from_admin(ANA, f"n {first.request_id}", "1"))
    by_code = answering.receive(from_admin(ANA, "n aaaabbbb", "2"))
    too_late = answering.receive(from_admin(ANA, "n aaaabbbb", "3"))

    assert (by_id.request_id, by_code.request_id) == (first.request_id, second.request_id)
    assert the(backend, second).status is RequestStatus.REJECTED
    assert verdict(too_late) == (InboundAction.IGNORED, IgnoredReason.ALREADY_PROCESSED)


def test_approving_beside_another_active_card_is_an_error_and_no_decision(
    backend: PersistenceBackend,
) -> None:
    customer = a_cardholder()
    request = a_request(customer.ecosystem_id, request_id=an_id(1))
    store(backend, request)

    message = answering.receive(from_admin(ANA, f"y {request.short_code}"))

    assert verdict(message) == (InboundAction.ERROR, "CARD_ALREADY_EXISTS")
    assert the(backend, request.key).status is RequestStatus.PENDING
    assert audit_of(request.request_id) == []


def test_a_disabled_admin_decides_nothing(backend: PersistenceBackend) -> None:
    Person(ANA.ecosystem_id).register()
    Admin().set_status(Person(ANA.ecosystem_id), UserStatus.DISABLED)
    _, request = a_waiting_customer()
    delivery = from_admin(ANA, f"y {request.short_code}")

    message = answering.receive(delivery)

    assert verdict(message) == (InboundAction.ERROR, "ACCOUNT_DISABLED")
    assert the(backend, delivery.key) == message
    assert the(backend, request.key).status is RequestStatus.PENDING


def test_an_admin_with_a_user_record_needs_no_token_of_its_subject(
    backend: PersistenceBackend,
) -> None:
    Person(ANA.ecosystem_id).register()
    _, request = a_waiting_customer()

    message = answering.receive(from_admin(ANA, f"n {request.short_code}"))

    assert verdict(message) == (InboundAction.REJECTED, None)


def test_a_request_whose_user_is_gone_is_an_error(backend: PersistenceBackend) -> None:
    request = rejected(a_request("user-gone"))
    customer = a_user("user-gone")
    store(backend, customer, request)
    backend.purge(1)
    assert stored(backend, UserKey("user-gone")) is None

    message = answering.receive(from_admin(ANA, f"y {request.short_code}"))

    assert verdict(message) == (InboundAction.ERROR, "NOT_FOUND")

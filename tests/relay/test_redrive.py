"""A dead-lettered event can be sent once more, then out of sequence."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.audit import AuditAction, TargetType
from accounts.callers import Caller
from accounts.development_tokens import issue
from financial_api.kernel.errors import InvalidStateTransition, NotFound
from infra_backends.persistence.base import PersistenceBackend
from outbox import services
from outbox.entities import Event, EventStatus, EventType
from outbox.rules import PUBLISHED
from tests.support.builders import an_id
from tests.support.relays import MovingClock, PromptRelay, a_chain, current, statuses
from tests.support.storing import store, the
from tests.support.transport import Transport

OPERATOR = Caller.system()
REASON = "The bus has been mended"


@pytest.fixture
def dead(backend: PersistenceBackend, time: MovingClock) -> Event:
    (event,) = a_chain(
        "card-001", 1, status=EventStatus.DEAD_LETTER, retry_count=6, last_error="too large"
    )
    store(backend, event)
    return event


def audit_of(backend: PersistenceBackend, event: Event) -> list:
    page = backend.audit_logs.page_of_target(TargetType.EVENT, event.event_id, after=None, limit=10)
    return list(page.items)


def test_a_redriven_event_has_all_its_tries_before_it_again(
    backend: PersistenceBackend, dead: Event, time: MovingClock
) -> None:
    services.redrive(OPERATOR, dead.event_id, REASON)

    event = the(backend, dead.key)
    assert (event.status, event.retry_count) == (EventStatus.PENDING, 0)
    assert event.next_retry_at == time.now()


def test_a_redriven_event_goes_out_again(
    dead: Event, relay: PromptRelay, transport: Transport
) -> None:
    services.redrive(OPERATOR, dead.event_id, REASON)

    assert relay.drain() == 1
    assert transport.published_ids == [dead.event_id]


def test_a_redriven_event_goes_out_after_those_that_followed_it(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    later: Callable[[float], int],
) -> None:
    chain = a_chain("card-001", 3)
    store(backend, *chain)
    transport.rejected = {chain[0].event_id}
    for wait in [0, 10, 20, 40, 80, 160]:
        later(wait)
    transport.rejected = set()

    services.redrive(OPERATOR, chain[0].event_id, REASON)
    relay.drain()

    assert [event.sequence_number for event in transport.published] == [2, 3, 1]
    assert set(statuses(chain)) == {"sent"}


def test_a_redriven_event_that_fails_again_is_given_up_after_six_tries_again(
    dead: Event, transport: Transport, later: Callable[[float], int]
) -> None:
    transport.rejected = {dead.event_id}
    services.redrive(OPERATOR, dead.event_id, REASON)

    for wait in [0, 10, 20, 40, 80]:
        later(wait)
        assert statuses([dead]) == ["failed"]
    later(160)

    assert statuses([dead]) == ["dead_letter"]
    assert len(transport.attempts) == 6


def test_what_was_delivered_before_is_not_delivered_again(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport
) -> None:
    (event,) = a_chain(
        "card-001", 1, status=EventStatus.DEAD_LETTER, retry_count=6, deliveries=(PUBLISHED,)
    )
    store(backend, event)

    services.redrive(OPERATOR, event.event_id, REASON)

    assert relay.drain() == 1
    assert transport.attempts == []


def test_redriving_wakes_the_relay(dead: Event, nudges: list[None]) -> None:
    services.redrive(OPERATOR, dead.event_id, REASON)

    assert nudges


def test_redriving_leaves_an_audit_record(backend: PersistenceBackend, dead: Event) -> None:
    services.redrive(OPERATOR, dead.event_id, REASON)

    (log,) = audit_of(backend, dead)
    assert log.action is AuditAction.OUTBOX_REDRIVEN
    assert log.admin_ecosystem_id == "system"
    assert log.target_ecosystem_id == dead.ecosystem_id
    assert log.reason == REASON
    assert (log.previous_value, log.new_value) == (
        {"status": "dead_letter"},
        {"status": "pending"},
    )


@pytest.mark.parametrize("status", [EventStatus.PENDING, EventStatus.FAILED, EventStatus.SENT])
def test_what_is_not_dead_lettered_cannot_be_redriven(
    backend: PersistenceBackend, time: MovingClock, status: EventStatus
) -> None:
    (event,) = a_chain("card-001", 1, status=status)
    store(backend, event)

    with pytest.raises(InvalidStateTransition):
        services.redrive(OPERATOR, event.event_id, REASON)

    assert statuses([event]) == [status]
    assert audit_of(backend, event) == []


def test_what_is_not_there_cannot_be_redriven(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    with pytest.raises(NotFound):
        services.redrive(OPERATOR, an_id(1), REASON)


def test_of_two_that_redrive_an_event_at_once_one_does(
    interleaving, dead: Event, no_pauses: None
) -> None:
    interleaving.before_commit(lambda: services.redrive(OPERATOR, dead.event_id, REASON))

    with pytest.raises(InvalidStateTransition):
        services.redrive(OPERATOR, dead.event_id, REASON)

    assert [event.version for event in current([dead])] == [2]


def test_all_dead_letters_are_redriven_however_many_pages_they_fill(
    backend: PersistenceBackend, time: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PAGE", 4)
    dead = [
        event
        for number in range(10)
        for event in a_chain(f"card-{number}", 1, status=EventStatus.DEAD_LETTER)
    ]
    (sent,) = a_chain("card-sent", 1, status=EventStatus.SENT)
    store(backend, *dead, sent)

    assert services.redrive_all(OPERATOR, None, REASON) == 10
    assert set(statuses(dead)) == {"pending"}
    assert statuses([sent]) == ["sent"]


def test_dead_letters_of_one_type_are_redriven_alone(
    backend: PersistenceBackend, time: MovingClock
) -> None:
    dead = EventStatus.DEAD_LETTER
    (created,) = a_chain("card-1", 1, status=dead)
    (cancelled,) = a_chain("card-2", 1, status=dead, event_type=EventType.CARD_CANCELLED)
    store(backend, created, cancelled)

    assert services.redrive_all(OPERATOR, EventType.CARD_CANCELLED, REASON) == 1
    assert statuses([created, cancelled]) == ["dead_letter", "pending"]


class Admin:
    """An admin over HTTP."""

    def redrive(self, event_id: str, key: str = "key-0123456789abcdef"):
        return Client().post(
            f"/v1/admin/outbox/{event_id}/redrive",
            json.dumps({"reason": REASON}),
            content_type="application/json",
            headers={
                "Authorization": f"Bearer {issue('admin-001', 'admin', 'admin@test.local')}",
                "Idempotency-Key": key,
            },
        )


@pytest.fixture
def admin(backend: PersistenceBackend) -> Admin:
    return Admin()


def test_an_admin_redrives_over_http_and_sees_the_event_as_it_is_then(
    backend: PersistenceBackend, dead: Event, admin: Admin
) -> None:
    answer = admin.redrive(dead.event_id)

    assert answer.status_code == 200
    shown = answer.json()["event"]
    assert (shown["eventId"], shown["status"], shown["retryCount"]) == (
        dead.event_id,
        "pending",
        0,
    )
    (log,) = audit_of(backend, dead)
    assert log.admin_ecosystem_id == "admin-001"


def test_the_same_request_again_is_answered_the_same_and_redrives_nothing(
    backend: PersistenceBackend,
    dead: Event,
    admin: Admin,
    relay: PromptRelay,
    transport: Transport,
) -> None:
    first = admin.redrive(dead.event_id)
    relay.drain()

    second = admin.redrive(dead.event_id)

    assert (second.status_code, second.content) == (200, first.content)
    assert statuses([dead]) == ["sent"]
    assert len(audit_of(backend, dead)) == 1


def test_an_admin_is_refused_what_is_not_dead_lettered(
    backend: PersistenceBackend, time: MovingClock, admin: Admin
) -> None:
    (event,) = a_chain("card-001", 1)
    store(backend, event)

    answer = admin.redrive(event.event_id)

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "INVALID_STATE_TRANSITION"


def test_an_admin_who_redrives_what_is_not_there_is_told_so(
    backend: PersistenceBackend, time: MovingClock, admin: Admin
) -> None:
    assert admin.redrive(an_id(1)).status_code == 404

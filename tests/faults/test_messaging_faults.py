"""A gateway that fails at one call after another: messages wait, events do not.

And the store below what tells admins, asks them, sends and lets requests expire, at each call.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from cards.entities import RequestStatus
from financial_api.kernel import clock
from infra_backends import messaging, persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.messaging.wppconnect import Backend
from infra_backends.messaging.wppconnect import gateway as gateway_module
from infra_backends.messaging.wppconnect.gateway import TRIES
from infra_backends.persistence import memory
from infra_backends.persistence.base import PersistenceBackend
from notifications import asking, expiry
from notifications.delivery import Courier
from notifications.entities import DeliveryStatus, Notification
from notifications.rules import RETRY_AFTER
from outbox.entities import EntityType, Event, EventStatus, EventType
from outbox.subscribers import subscribe, unsubscribe
from tests.faults.store_faults import CONFLICT, UNANSWERED, UNREACHED, StoreFault, failing
from tests.support.breaking import Outage
from tests.support.builders import SHARDS
from tests.support.customers import a_cardholder, a_waiting_customer
from tests.support.gateway import (
    CUT_OFF,
    REFUSED,
    SEND,
    SILENT,
    TOKEN,
    Gateway,
    Reply,
    gateway,
    said,
)
from tests.support.gateway import failing as answering
from tests.support.invariants import check_everything
from tests.support.relays import LATER, MovingClock, PromptRelay
from tests.support.storing import the
from tests.support.whatsapp import ANA, Phones, asked_about, events_of

FIRST_RETRY = RETRY_AFTER[0].total_seconds()
SOON = 0.1
A_DAY = timedelta(hours=24).total_seconds()
MOST_RUNS = 5

Replies = Callable[[Gateway], list[Reply]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the gateway answers to its next calls of an operation."""

    name: str
    operation: str
    replies: Replies
    accepted: int = 0
    """How often it takes the message all the same."""


def these(*replies: Reply) -> Replies:
    return lambda _: list(replies)


def late(**options: Any) -> Replies:
    return lambda standing: [standing.never(**options)]


UNNOTICED = [
    *(
        Trouble(f"{operation} {status}", operation, these(answering(status)))
        for operation in (TOKEN, SEND)
        for status in (429, 502, 503)
    ),
    Trouble("token refused", SEND, these(REFUSED)),
]
RETRIED = [
    *(
        Trouble(f"{operation} {name}", operation, replies)
        for operation in (TOKEN, SEND)
        for name, replies in {
            "busy": these(*[answering(429)] * TRIES),
            "silent": these(SILENT),
            "cut off": these(CUT_OFF),
            "late": late(),
            "failed": these(answering(500)),
            "conflict": these(said(409, {})),
        }.items()
    ),
    Trouble("tokens refused", SEND, these(REFUSED, REFUSED)),
    Trouble("taken and silent", SEND, these(replace(SILENT, accepts=True)), 1),
    Trouble("taken and cut off", SEND, these(replace(CUT_OFF, accepts=True)), 1),
    Trouble("taken and late", SEND, late(accepts=True), 1),
    Trouble("taken and failed", SEND, these(replace(answering(504), accepts=True)), 1),
]


def over(troubles: list[Trouble]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trouble", troubles, ids=lambda trouble: trouble.name)


@pytest.fixture(autouse=True)
def time() -> Iterator[MovingClock]:
    with clock.installed(MovingClock(LATER)) as time:
        assert isinstance(time, MovingClock)
        yield time


@pytest.fixture(autouse=True)
def _admin() -> Iterator[None]:
    """One admin who is told of payments and asked about requests, as the relay goes."""
    with override_settings(WHATSAPP_ADMINS={ANA.phone: ANA}):
        subscribe("faults-requests", EventType.CARD_REQUESTED)(asking.ask_for_approval)
        subscribe("faults-payments", EventType.TRANSACTION_PAYMENT)(asking.tell_of_payment)
        yield
        unsubscribe("faults-requests")
        unsubscribe("faults-payments")


@pytest.fixture
def store() -> Iterator[PersistenceBackend]:
    with persistence.use(memory.Backend(outbox_shards=SHARDS)) as store:
        yield store


@pytest.fixture(scope="module")
def shared_gateway() -> Iterator[Gateway]:
    with gateway() as standing:
        yield standing


@pytest.fixture
def phones(shared_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The gateway that messages go to, which is not waited for as long as it would be."""
    monkeypatch.setattr(gateway_module, "READ_SECONDS", SOON)
    backend = Backend(
        base_url=shared_gateway.url,
        secret_key=shared_gateway.secret,
        session=shared_gateway.session,
    )
    shared_gateway.sent.clear()
    with messaging.use(backend):
        yield shared_gateway
    backend.close()


def a_payment() -> Event:
    """Make a payment and return its event, of which an admin is to be told."""
    customer = a_cardholder()
    customer.buy(customer.card, "40.00")
    customer.pay(customer.card, "12.00")
    events = events_of(EntityType.CARD, customer.card.card_id)
    return next(event for event in events if event.event_type is EventType.TRANSACTION_PAYMENT)


def message_of(event: Event) -> Notification:
    (message,) = persistence.notifications.of_entity(event.entity_type, event.entity_id, 10)
    return message


@over(UNNOTICED)
def test_a_call_that_is_not_taken_once_is_made_again_and_nobody_notices(
    store: PersistenceBackend, phones: Gateway, trouble: Trouble
) -> None:
    event = a_payment()
    phones.script(trouble.operation, *trouble.replies(phones))
    PromptRelay().drain()

    assert Courier().deliver_due() == 1
    assert [message.phone for message in phones.sent] == [ANA.phone]
    assert message_of(event).attempts == 1


@over(RETRIED)
def test_a_message_that_does_not_go_out_is_sent_on_schedule_and_its_event_at_once(
    store: PersistenceBackend, phones: Gateway, time: MovingClock, trouble: Trouble
) -> None:
    event, courier = a_payment(), Courier()
    phones.script(trouble.operation, *trouble.replies(phones))

    assert PromptRelay().drain() > 0
    assert the(store, event.key).status is EventStatus.SENT
    assert courier.deliver_due() == 0
    assert (message_of(event).delivery_status, message_of(event).attempts) == (
        DeliveryStatus.FAILED,
        1,
    )
    time.sleep(FIRST_RETRY - 1)
    assert courier.deliver_due() == 0
    time.sleep(1)
    assert courier.deliver_due() == 1

    assert message_of(event).delivery_status is DeliveryStatus.SENT
    assert len(phones.sent) == 1 + trouble.accepted


def until_done(
    store: PersistenceBackend,
    fault: StoreFault,
    work: Callable[[], object],
    time: MovingClock,
    number: int,
) -> bool:
    """Do something while the store fails once, and again until it is done; False if it did not."""
    outage = Outage(number)
    with failing(store, fault, outage):
        for _ in range(MOST_RUNS):
            try:
                work()
            except BackendUnavailable:
                time.sleep(FIRST_RETRY)
            else:
                break
    time.sleep(FIRST_RETRY)
    work()
    return bool(outage.befell)


over_stores = pytest.mark.parametrize(
    "fault", [UNREACHED, UNANSWERED, CONFLICT], ids=lambda fault: fault.name
)


@over_stores
def test_a_store_that_fails_once_costs_no_message_and_sends_none_three_times(
    time: MovingClock, fault: StoreFault
) -> None:
    for number in itertools.count():
        with persistence.use(memory.Backend(outbox_shards=SHARDS)) as store:
            event = a_payment()
            PromptRelay().drain()
            with Phones().in_use() as taken:
                befell = until_done(store, fault, Courier().deliver_due, time, number)
            assert message_of(event).delivery_status is DeliveryStatus.SENT
            assert 1 <= len(taken.received) <= 2
        if not befell:
            break
    assert len(taken.received) == 1


@over_stores
def test_a_store_that_fails_once_costs_no_question_and_asks_none_twice(
    time: MovingClock, fault: StoreFault
) -> None:
    for number in itertools.count():
        with persistence.use(memory.Backend(outbox_shards=SHARDS)) as store:
            _, request = a_waiting_customer()
            befell = until_done(store, fault, PromptRelay().drain, time, number)
            assert [message.phone for message in asked_about(request)] == [ANA.phone]
            for event in events_of(EntityType.CARD_REQUEST, request.request_id):
                assert (event.status, event.retry_count) == (EventStatus.SENT, 0)
        if not befell:
            break


@over_stores
def test_a_store_that_fails_once_lets_a_request_expire_all_the_same_and_once(
    time: MovingClock, fault: StoreFault
) -> None:
    for number in itertools.count():
        with persistence.use(memory.Backend(outbox_shards=SHARDS)) as store:
            _, request = a_waiting_customer()
            PromptRelay().drain()
            time.sleep(A_DAY + 1)
            befell = until_done(store, fault, expiry.expire_due, time, number)
            check_everything(store)
            assert the(store, request.key).status is RequestStatus.REJECTED
        if not befell:
            break

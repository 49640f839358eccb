"""Sending: each message on its schedule, at least once, by one process at a time."""

from collections.abc import Iterator

import pytest

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable, MessageRejected
from infra_backends.persistence.base import PersistenceBackend
from notifications import delivery, rules
from notifications.delivery import Courier
from notifications.entities import DeliveryStatus, Notification, NotificationKind
from tests.support.builders import an_event
from tests.support.interleaving import Interleaving
from tests.support.relays import LATER, MovingClock
from tests.support.storing import store, the
from tests.support.whatsapp import ANA, BEA, Phones

AWAY = BackendUnavailable("the gateway does not answer")
NO_SUCH_PHONE = MessageRejected("the phone is not on WhatsApp")


@pytest.fixture
def time() -> Iterator[MovingClock]:
    moving = MovingClock(LATER)
    with clock.installed(moving):
        yield moving


@pytest.fixture
def phones() -> Iterator[Phones]:
    with Phones().in_use() as phones:
        yield phones


def a_message(backend: PersistenceBackend, phone: str = ANA.phone) -> Notification:
    """Store a message that is due."""
    message = rules.notification(
        NotificationKind.PAYMENT, an_event(), phone, f"for {phone}", clock.now()
    )
    store(backend, message)
    return message


def tries(courier: Courier, phones: Phones, time: MovingClock, pauses: list[float]) -> list[int]:
    """Return how often the gateway had been called after each of the pauses and a run."""
    counts = []
    for pause in pauses:
        time.sleep(pause)
        courier.deliver_due()
        counts.append(phones.tried)
    return counts


def test_what_is_due_is_sent_once(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    message = a_message(backend)
    courier = Courier()

    assert courier.deliver_due() == 1
    time.sleep(3600)
    assert courier.deliver_due() == 0

    assert phones.received == [(ANA.phone, message.text)]
    sent = the(backend, message.key)
    assert (sent.delivery_status, sent.attempts) == (DeliveryStatus.SENT, 1)
    assert sent.sent_at is not None


def test_what_is_rejected_is_tried_on_schedule_and_then_dead_lettered(
    backend: PersistenceBackend,
    time: MovingClock,
    phones: Phones,
    caplog: pytest.LogCaptureFixture,
) -> None:
    message, courier = a_message(backend), Courier()
    phones.refusal = NO_SUCH_PHONE

    assert tries(courier, phones, time, [0, 59, 1, 119, 1, 239, 1, 3600]) == [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        4,
    ]

    dead = the(backend, message.key)
    assert dead.delivery_status is DeliveryStatus.DEAD_LETTER
    assert dead.last_error == str(NO_SUCH_PHONE)
    assert f"notification {message.notification_id} is dead-lettered" in caplog.text
    assert ANA.phone not in caplog.text
    assert message.text not in caplog.text


def test_a_phone_that_is_refused_holds_up_no_other(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    for phone in (ANA.phone, BEA.phone):
        a_message(backend, phone)
    phones.refusal, phones.refusing = NO_SUCH_PHONE, {ANA.phone}

    assert Courier().deliver_due() == 1
    assert [phone for phone, _ in phones.received] == [BEA.phone]


def test_a_gateway_that_is_away_is_left_alone_and_costs_the_others_no_attempt(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    messages = [a_message(backend, f"551198765432{number}") for number in range(4)]
    courier = Courier()
    phones.refusal = AWAY

    assert tries(courier, phones, time, [0, 1, 1, 3, 1, 7, 1]) == [1, 1, 2, 2, 3, 3, 4]
    assert {the(backend, message.key).attempts for message in messages} == {1}

    phones.refusal = None
    time.sleep(60)
    assert courier.deliver_due() == 4


def test_a_message_that_the_gateway_is_away_for_is_dead_lettered_in_the_end(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    message, courier = a_message(backend), Courier()
    phones.refusal = AWAY

    assert tries(courier, phones, time, [0, 60, 120, 240, 3600]) == [1, 2, 3, 4, 4]

    dead = the(backend, message.key)
    assert (dead.delivery_status, dead.attempts) == (DeliveryStatus.DEAD_LETTER, 4)
    assert phones.tried == 4


def test_of_two_processes_one_sends(
    backend: PersistenceBackend, time: MovingClock, phones: Phones, interleaving: Interleaving
) -> None:
    a_message(backend)
    interleaving.before_commit(lambda: Courier().deliver_due())

    assert Courier().deliver_due() == 0
    assert len(phones.received) == 1


def test_an_attempt_that_was_broken_off_is_made_again_after_a_minute(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    message, courier = a_message(backend), Courier()
    phones.refusal = KeyboardInterrupt()  # type: ignore[assignment]  # the end of a process
    with pytest.raises(KeyboardInterrupt):
        courier.deliver_due()
    phones.refusal = None

    time.sleep(59)
    assert courier.deliver_due() == 0
    time.sleep(1)
    assert courier.deliver_due() == 1
    assert the(backend, message.key).attempts == 2


def test_a_message_whose_last_attempt_was_broken_off_is_dead_lettered(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    message = rules.notification(
        NotificationKind.PAYMENT, an_event(), ANA.phone, "text", clock.now()
    )
    for _ in range(rules.MOST_ATTEMPTS):
        message = rules.attempted(message, clock.now())
    store(backend, message)
    time.sleep(240)

    assert Courier().deliver_due() == 0
    assert phones.tried == 0
    dead = the(backend, message.key)
    assert (dead.delivery_status, dead.last_error) == (
        DeliveryStatus.DEAD_LETTER,
        rules.UNANSWERED,
    )


def test_a_message_that_a_cleanup_deletes_meanwhile_does_not_come_back(
    backend: PersistenceBackend, time: MovingClock, phones: Phones, interleaving: Interleaving
) -> None:
    message = a_message(backend)

    def purge() -> None:
        while backend.purge(100):
            pass

    interleaving.before_commit(lambda: None, purge)
    Courier().deliver_due()

    assert backend.read([message.key]).get(message.key) is None


def test_a_run_ends_in_its_time_and_the_next_goes_on(
    backend: PersistenceBackend, time: MovingClock, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        a_message(backend, f"551198765432{number}")
    taken = phones.send

    def slowly(phone: str, text: str) -> None:
        time.sleep(6)
        taken(phone, text)

    monkeypatch.setattr(phones, "send", slowly)
    courier = Courier()

    assert courier.deliver_due() == 2
    assert courier.deliver_due() == 2


def test_a_dead_letter_is_redriven_once(
    backend: PersistenceBackend, time: MovingClock, phones: Phones
) -> None:
    message, courier = a_message(backend), Courier()
    assert not delivery.redrive(message.key)
    phones.refusal = NO_SUCH_PHONE
    for _ in range(4):
        courier.deliver_due()
        time.sleep(240)
    phones.refusal = None

    assert delivery.redrive(message.key)
    assert not delivery.redrive(message.key)
    assert courier.deliver_due() == 1
    assert phones.received == [(ANA.phone, message.text)]

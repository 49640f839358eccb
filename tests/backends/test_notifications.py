"""Messages to admins, as they come back and as queries find them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from notifications.entities import (
    UNDELIVERED,
    DeliveryStatus,
    Notification,
    NotificationKind,
)
from outbox.entities import EntityType
from tests.backends.test_reads import ODD_IDS, shortened
from tests.support.builders import (
    MOMENT,
    TEXT,
    a_notification,
    an_id,
    at,
)
from tests.support.sameness import assert_same
from tests.support.storing import store, the

LAST_MICROSECOND = datetime(2031, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
SHUFFLED = [7, 2, 11, 5, 1, 9, 3, 12, 6, 10, 4, 8]
ODD_TEXTS = [*ODD_IDS, "\ud800", "\x00" * 13]
TEXTS = {
    "odd": TEXT,
    "empty": "",
    "lines": "\n\r\n y\t1a2b3c4d \u2028\n",
    "4096 emoji": "🚀" * 4096,
    "4096 letters": "ã" * 4096,
}

NOTIFICATIONS: dict[str, Notification] = {
    "bare": a_notification(),
    "full": a_notification(
        notification_id=f"{an_id(1)}#payment/{'é' * 100}",
        kind=NotificationKind.PAYMENT,
        related_entity_type=EntityType.CARD,
        related_entity_id=an_id(3),
        delivery_status=DeliveryStatus.FAILED,
        attempts=3,
        last_error=TEXT,
        next_retry_at=LAST_MICROSECOND,
        updated_at=at(0.000001),
    ),
    "sent": a_notification(
        delivery_status=DeliveryStatus.SENT, attempts=1, sent_at=LAST_MICROSECOND, last_error=""
    ),
    "dead": a_notification(delivery_status=DeliveryStatus.DEAD_LETTER, attempts=4),
}
NOTIFICATIONS |= {name: a_notification(text=text) for name, text in TEXTS.items()}


@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_a_notification_comes_back(backend: PersistenceBackend, name: str) -> None:
    notification = NOTIFICATIONS[name]

    store(backend, notification)

    assert_same(the(backend, notification.key), replace(notification, version=1))


def a_notification_due(second: float, **fields: Any) -> Notification:
    return a_notification(next_retry_at=at(second), **fields)


def seconds(rows: Any, field: str) -> list[float]:
    """Return the times in a field, in seconds from the first moment."""
    return [(getattr(row, field) - MOMENT).total_seconds() for row in rows]


def due(backend: PersistenceBackend, second: float = 60, limit: int = 100) -> list[float]:
    return seconds(backend.notifications.due(at(second), limit), "next_retry_at")


def with_status(
    backend: PersistenceBackend, status: DeliveryStatus, limit: int = 100
) -> list[float]:
    return seconds(backend.notifications.with_status(status, limit), "next_retry_at")


def test_where_nothing_was_stored_nothing_is_found(backend: PersistenceBackend) -> None:
    assert due(backend) == []
    assert [with_status(backend, status) for status in DeliveryStatus] == [[]] * 4
    assert list(backend.notifications.of_entity(EntityType.CARD, an_id(1), 5)) == []


def test_undelivered_messages_are_due_the_longest_due_first(backend: PersistenceBackend) -> None:
    undelivered = sorted(UNDELIVERED)
    for number in SHUFFLED:
        store(backend, a_notification_due(number, delivery_status=undelivered[number % 2]))

    assert due(backend) == sorted(SHUFFLED)
    assert due(backend, limit=5) == [1, 2, 3, 4, 5]
    assert due(backend, limit=1) == [1]
    assert due(backend, limit=12) == sorted(SHUFFLED)


def test_what_is_due_comes_back_in_full(backend: PersistenceBackend) -> None:
    row = NOTIFICATIONS["full"]
    store(backend, row)

    assert_same(list(backend.notifications.due(LAST_MICROSECOND, 5)), [replace(row, version=1)])


def test_a_message_is_due_from_the_very_moment_of_its_next_try(backend: PersistenceBackend) -> None:
    store(backend, a_notification_due(1))

    assert due(backend, 0.999999) == []
    assert due(backend, 1) == [1]


def test_messages_due_at_the_same_moment_are_all_due(backend: PersistenceBackend) -> None:
    rows = [a_notification_due(1) for _ in range(8)]
    store(backend, *rows)

    found = backend.notifications.due(at(1), 100)

    assert {row.notification_id for row in found} == {row.notification_id for row in rows}
    assert len(backend.notifications.due(at(1), 3)) == 3


@pytest.mark.parametrize("status", [DeliveryStatus.SENT, DeliveryStatus.DEAD_LETTER])
def test_what_is_done_with_is_due_no_more(
    backend: PersistenceBackend, status: DeliveryStatus
) -> None:
    row = a_notification_due(1)
    store(backend, row)
    sent_at = at(2) if status is DeliveryStatus.SENT else None
    done = replace(the(backend, row.key), delivery_status=status, sent_at=sent_at)

    backend.commit(Commit(now=MOMENT, saves=[done]))

    assert due(backend) == []
    assert with_status(backend, DeliveryStatus.PENDING) == []
    assert with_status(backend, status) == [1]


def test_a_message_that_failed_is_due_again_at_its_next_try(backend: PersistenceBackend) -> None:
    row = a_notification_due(1)
    store(backend, row)
    failed = replace(
        the(backend, row.key),
        delivery_status=DeliveryStatus.FAILED,
        attempts=1,
        next_retry_at=at(61),
    )

    backend.commit(Commit(now=MOMENT, saves=[failed]))

    assert due(backend, 60) == []
    assert due(backend, 61) == [61]
    assert with_status(backend, DeliveryStatus.FAILED) == [61]


def test_messages_of_a_status_are_found_the_last_tried_first(backend: PersistenceBackend) -> None:
    dead = DeliveryStatus.DEAD_LETTER
    store(backend, *(a_notification_due(n, delivery_status=dead) for n in SHUFFLED))
    store(backend, *(a_notification_due(n + 0.5) for n in range(5)))

    assert with_status(backend, dead) == sorted(SHUFFLED, reverse=True)
    assert with_status(backend, dead, limit=3) == [12, 11, 10]
    assert with_status(backend, DeliveryStatus.PENDING) == [4.5, 3.5, 2.5, 1.5, 0.5]
    assert with_status(backend, DeliveryStatus.FAILED) == []


def test_messages_about_an_entity_are_found_newest_first(backend: PersistenceBackend) -> None:
    entity = {"related_entity_type": EntityType.CARD, "related_entity_id": an_id(5)}
    for number in (2, 4, 1, 3):
        store(backend, a_notification(at(number), notification_id=f"{9 - number}", **entity))
    store(backend, a_notification(at(9), related_entity_id=an_id(5)))
    store(backend, a_notification(at(9), **entity | {"related_entity_id": an_id(6)}))

    def found(limit: int) -> list[float]:
        rows = backend.notifications.of_entity(EntityType.CARD, an_id(5), limit)
        return seconds(rows, "created_at")

    assert found(10) == [4, 3, 2, 1]
    assert found(4) == [4, 3, 2, 1]
    assert found(2) == [4, 3]


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=shortened)
def test_messages_about_odd_text_are_none(backend: PersistenceBackend, odd: str) -> None:
    store(backend, a_notification())

    assert list(backend.notifications.of_entity(EntityType.CARD_REQUEST, odd, 5)) == []

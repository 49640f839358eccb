"""When an event may go out, and what becomes of it, as pure functions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from outbox.entities import Event, EventStatus

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 20, 40, 80, 160))
"""The waits after an event's failures; the failure after the last of them dead-letters it."""

SENT_KEPT_FOR = timedelta(days=7)
LONGEST_ERROR = 500

PUBLISHED = "published"
"""The delivery to the events backend, beside those to the subscribers."""


def is_done(event: Event | None) -> bool:
    """Return True when an event no longer holds up those after it: sent, given up or gone."""
    return event is None or not event.is_unsent


def after_success(event: Event, deliveries: Iterable[str], now: datetime) -> Event:
    """Return the event once every delivery is done."""
    return replace(
        event,
        status=EventStatus.SENT,
        deliveries=tuple(deliveries),
        last_error=None,
        sent_at=max(now, event.created_at),
    )


def after_failure(event: Event, deliveries: Iterable[str], error: str, now: datetime) -> Event:
    """Return the event waiting for its next try, or dead-lettered when it has had them all.

    The deliveries that were done are kept, so that a retry repeats only the missing ones.
    """
    failed = replace(
        event,
        deliveries=tuple(deliveries),
        retry_count=event.retry_count + 1,
        last_error=error[:LONGEST_ERROR],
    )
    if event.retry_count >= len(RETRY_AFTER):
        return replace(failed, status=EventStatus.DEAD_LETTER)
    return replace(
        failed, status=EventStatus.FAILED, next_retry_at=now + RETRY_AFTER[event.retry_count]
    )


def behind(event: Event, predecessor: Event) -> Event:
    """Return a blocked event, due no earlier than the one it waits for.

    Else those that wait for a retry would fill the head of the index.
    """
    return replace(event, next_retry_at=max(event.next_retry_at, predecessor.next_retry_at))


def redriven(event: Event, now: datetime) -> Event:
    """Return a dead-lettered event with all its tries before it again."""
    return replace(event, status=EventStatus.PENDING, retry_count=0, next_retry_at=now)

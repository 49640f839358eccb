"""Sending what waits to be sent: at least once, on a schedule, and never on the relay's time.

A message's next try is moved ahead before it is sent, so that one that is broken off is a retry,
and of two processes that want to send it one does.
"""

import logging
from dataclasses import replace

from financial_api.kernel import clock, metrics
from financial_api.kernel.metrics import NotificationOutcome
from infra_backends import messaging, persistence
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError, MessageRejected
from infra_backends.persistence.commit import Commit
from notifications import rules
from notifications.entities import DeliveryStatus, Notification, NotificationKey

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3.0
BATCH = 50
RUN_SECONDS = 10.0
"""No message is begun after this long; what is left then is for the next run."""
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 30.0
"""The most that a process waits after the gateway was away: 2, 4, 8 … seconds."""


class Courier:
    """Sends what is due, and remembers for how long the gateway is left alone."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._paused_until = float("-inf")

    def deliver_due(self) -> int:
        """Send what is due, and return how many messages were sent.

        While the gateway is away one message is tried at a time, with pauses in between: each
        attempt counts for its message alone, and the others lose none.
        """
        started_at = clock.monotonic()
        if started_at < self._paused_until:
            return 0
        sent = 0
        for due in persistence.notifications.due(clock.now(), BATCH):
            if clock.monotonic() - started_at >= RUN_SECONDS:
                break
            attempt = _begin(due)
            if attempt is None:
                continue
            try:
                error = _send(attempt)
            except BackendUnavailable as away:
                self._pause = min(LONGEST_PAUSE, 2 * self._pause or FIRST_PAUSE)
                self._paused_until = clock.monotonic() + self._pause
                logger.warning("the gateway is left alone for %.0f s: %s", self._pause, away)
                _settle(rules.failed(attempt, str(away), clock.now()))
                break
            self._pause = 0.0
            if error is None:
                sent += 1
                _settle(rules.delivered(attempt, clock.now()))
            else:
                _settle(rules.failed(attempt, error, clock.now()))
        return sent


def redrive(key: NotificationKey) -> bool:
    """Have a dead letter sent again; return False if there is no such one."""
    dead = persistence.read([key]).get(key)
    if dead is None or dead.delivery_status is not DeliveryStatus.DEAD_LETTER:
        return False
    return _settle(rules.redriven(dead, clock.now())) is not None


def _begin(due: Notification) -> Notification | None:
    """Store that an attempt begins; return the message as stored, or None if there is none.

    None also when another process has begun it, or when a broken off attempt was the last one.
    """
    waiting = persistence.read([due.key]).get(due.key)
    now = clock.now()
    if waiting is None or not waiting.is_undelivered or waiting.next_retry_at > now:
        return None
    attempt = _settle(rules.attempted(waiting, now))
    return attempt if attempt is not None and attempt.is_undelivered else None


def _send(attempt: Notification) -> str | None:
    """Return why this message cannot be sent, or None when it was."""
    try:
        messaging.send(attempt.phone, attempt.text)
    except MessageRejected as rejection:
        return str(rejection)
    return None


def _settle(changed: Notification) -> Notification | None:
    """Store a message's new state and count it; return it as stored, or None if another did."""
    try:
        persistence.commit(Commit(now=changed.updated_at, saves=[changed]))
    except ConcurrencyError:
        return None
    status = changed.delivery_status
    if status is DeliveryStatus.DEAD_LETTER:
        logger.error(
            "notification %s is dead-lettered: %s", changed.notification_id, changed.last_error
        )
    if status in _COUNTED:
        metrics.count_notification(_COUNTED[status])
    return replace(changed, version=changed.version + 1)


_COUNTED = {
    DeliveryStatus.SENT: NotificationOutcome.SENT,
    DeliveryStatus.FAILED: NotificationOutcome.FAILED,
    DeliveryStatus.DEAD_LETTER: NotificationOutcome.DEAD_LETTERED,
}

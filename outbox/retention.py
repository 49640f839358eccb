"""Retention: what has had its time goes, on stores that do not let it expire by themselves."""

import logging
from collections.abc import Callable

from financial_api.kernel import clock
from infra_backends import persistence
from outbox.rules import SENT_KEPT_FOR

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
BATCH = 500
MOST_BATCHES = 200
"""A bound for one sweep; what is left then is for the next."""


def sweep() -> tuple[int, int]:
    """Delete events sent more than a week ago and expired keys; return how many of each."""
    now = clock.now()
    events = _in_batches(lambda: persistence.outbox.delete_sent(now - SENT_KEPT_FOR, BATCH))
    keys = _in_batches(lambda: persistence.idempotency.delete_expired(now, BATCH))
    if events or keys:
        logger.info("swept %s sent events and %s expired keys", events, keys)
    return events, keys


def _in_batches(delete: Callable[[], int]) -> int:
    total = 0
    for _ in range(MOST_BATCHES):
        deleted = delete()
        if not deleted:
            break
        total += deleted
    return total

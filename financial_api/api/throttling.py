"""Throttling: fixed windows of a minute that count exactly.

Each process counts for itself, or all of them together in the Redis that CACHE_URL names. When
that Redis does not answer, a process counts for itself again rather than refuse anyone.
"""

import hashlib
import logging
import threading
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from financial_api.kernel import clock
from financial_api.kernel.errors import RateLimitExceeded

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
REDIS_TIMEOUT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Rate:
    """Where somebody stands in the running window. `resets_at` is in Unix seconds."""

    limit: int
    used: int
    resets_at: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def retry_after(self) -> int:
        """Seconds until the next window, at least one."""
        return max(1, self.resets_at - int(clock.now().timestamp()))


class Counter(Protocol):
    def add(self, who: str, window: int, amount: int) -> int:
        """Count `amount` more for somebody in a window and return the sum."""


class ProcessCounter:
    """Counts in this process; only the running window is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = -1
        self._counts: dict[str, int] = {}

    def add(self, who: str, window: int, amount: int) -> int:
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            count = self._counts.get(who, 0) + amount
            if amount:
                self._counts[who] = count
            return count


class RedisCounter:
    """Counts in a Redis that several processes share."""

    def __init__(self, url: str) -> None:
        import redis  # a fifth of what a start takes, for few

        self._failure = redis.RedisError
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        self._meanwhile = ProcessCounter()
        self._is_away = False

    def add(self, who: str, window: int, amount: int) -> int:
        name = hashlib.sha256(who.encode()).hexdigest()
        key = f"throttle:{window}:{name}"
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.incrby(key, amount)
                pipeline.expire(key, 2 * WINDOW_SECONDS)
                count = int(pipeline.execute()[0])
        except self._failure:
            if not self._is_away:
                logger.warning("the shared throttle does not answer; counting in this process")
            self._is_away = True
            return self._meanwhile.add(who, window, amount)
        self._is_away = False
        return count


class Throttle:
    """Counts requests of users and failed authentications of addresses."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def count_request(self, ecosystem_id: str) -> Rate:
        """Count a request of a user and return where that leaves it."""
        return self._rate(f"user:{ecosystem_id}", settings.THROTTLE_REQUESTS_PER_MINUTE, 1)

    def count_failure(self, address: str) -> Rate:
        """Count a failed authentication of an address and return where that leaves it."""
        return self._failures(address, 1)

    def failures(self, address: str) -> Rate:
        """Return where an address stands, without counting."""
        return self._failures(address, 0)

    def _failures(self, address: str, amount: int) -> Rate:
        return self._rate(f"address:{address}", settings.THROTTLE_FAILURES_PER_MINUTE, amount)

    def _rate(self, who: str, limit: int, amount: int) -> Rate:
        window = int(clock.now().timestamp()) // WINDOW_SECONDS
        return Rate(
            limit=limit,
            used=self._counter.add(who, window, amount),
            resets_at=(window + 1) * WINDOW_SECONDS,
        )


_throttle: Throttle | None = None


def throttle() -> Throttle | None:
    """Return this process's throttle, or None where throttling is off."""
    global _throttle
    if not settings.THROTTLE:
        return None
    if _throttle is None:
        url = settings.CACHE_URL
        _throttle = Throttle(RedisCounter(url) if url else ProcessCounter())
    return _throttle


def check(rate: Rate) -> None:
    """Raise RateLimitExceeded for one that has used more than its limit."""
    if rate.is_exceeded:
        raise RateLimitExceeded(rate.retry_after)

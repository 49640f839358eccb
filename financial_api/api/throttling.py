"""Throttling: fixed windows of a minute that count exactly.

Each process counts for itself, or all of them together in the Redis that CACHE_URL names. When
that Redis does not answer, a process counts for itself again rather than refuse anyone.
"""

import threading
from dataclasses import dataclass

from django.conf import settings

from financial_api.api.counters import WINDOW_SECONDS, Counter, ProcessCounter, RedisCounter
from financial_api.kernel import clock
from financial_api.kernel.addresses import network_of
from financial_api.kernel.errors import RateLimitExceeded


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


class Throttle:
    """Counts requests of users and failed authentications of addresses.

    One with an address of version 6 has a whole /64 of them, which is counted as one.
    """

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
        limit = settings.THROTTLE_FAILURES_PER_MINUTE
        return self._rate(f"address:{network_of(address)}", limit, amount)

    def _rate(self, who: str, limit: int, amount: int) -> Rate:
        window = int(clock.now().timestamp()) // WINDOW_SECONDS
        return Rate(
            limit=limit,
            used=self._counter.add(who, window, amount),
            resets_at=(window + 1) * WINDOW_SECONDS,
        )


_throttle: Throttle | None = None
_lock = threading.Lock()


def throttle() -> Throttle | None:
    """Return this process's throttle, or None where throttling is off."""
    global _throttle
    if not settings.THROTTLE:
        return None
    with _lock:
        if _throttle is None:
            url = settings.CACHE_URL
            _throttle = Throttle(RedisCounter(url) if url else ProcessCounter())
        return _throttle


def check(rate: Rate) -> None:
    """Raise RateLimitExceeded for one that has used more than its limit."""
    if rate.is_exceeded:
        raise RateLimitExceeded(rate.retry_after)

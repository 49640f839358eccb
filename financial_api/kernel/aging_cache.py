"""Answers of something slow, kept for a bounded age, and a little longer while it is away."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from financial_api.kernel import clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    fetched_at: float


class AgingCache(Generic[K, V]):
    """Keeps up to `most` values in this process, dropping what was used longest ago.

    A value is fresh for `fresh_seconds`. After that it is fetched again; if that raises one of
    `away`, the old value serves until it is `usable_seconds` old.
    """

    def __init__(
        self,
        *,
        fresh_seconds: float,
        usable_seconds: float,
        away: tuple[type[Exception], ...],
        most: int = 10_000,
    ) -> None:
        self._fresh_seconds = fresh_seconds
        self._usable_seconds = usable_seconds
        self._away = away
        self._most = most
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, fetch: Callable[[], V]) -> V:
        """Return the value for `key`, fetched if it is not fresh.

        Raises what `fetch` raises when there is no value young enough to serve instead.
        """
        entry = self._entries.get(key)
        if entry is not None and self._age(entry) < self._fresh_seconds:
            return entry.value
        started_at = clock.monotonic()
        try:
            value = fetch()
        except self._away:
            if entry is None or self._age(entry) >= self._usable_seconds:
                raise
            return entry.value
        self.put(key, value, started_at)
        return value

    def put(self, key: K, value: V, fetched_at: float | None = None) -> None:
        """Keep a value, known to be true at `fetched_at` on the monotonic clock (now if None)."""
        with self._lock:
            self._entries[key] = _Entry(value, fetched_at or clock.monotonic())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def peek(self, key: K) -> V | None:
        """Return the value for `key` if it is still usable, without fetching."""
        entry = self._entries.get(key)
        return entry.value if entry and self._age(entry) < self._usable_seconds else None

    def forget(self, key: K) -> None:
        """Drop a value that is known to be outdated."""
        with self._lock:
            self._entries.pop(key, None)

    def _age(self, entry: _Entry[V]) -> float:
        return clock.monotonic() - entry.fetched_at

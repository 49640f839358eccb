"""Answers of something slow: kept for a bounded age, and asked for by one thread at a time."""

import contextlib
import logging
import math
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from financial_api.kernel import clock, deadline

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

PAUSE_SECONDS = 5.0
"""How long a source is not asked again for what it did not give."""
FIRST_PAUSE_SECONDS = 1.0
"""The same where no value is usable, and so nothing works."""
LIMIT_SECONDS = deadline.REQUEST_SECONDS
"""How long a fetch may take, before it counts as failed."""
MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class _Held(Generic[V]):
    """A value, when it was asked for, and until when it is what on the monotonic clock."""

    value: V
    began_at: float
    renewed_at: float
    fresh_until: float
    usable_until: float


@dataclass(slots=True, eq=False)
class _Flight(Generic[V]):
    """A fetch under way, or landed: with a value, with the source's fault, or with neither."""

    fetch: Callable[[], V]
    began_at: float
    hangs_at: float
    is_taken: bool = False
    held: _Held[V] | None = None
    fault: str | None = None
    landed: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True, eq=False)
class _Slot(Generic[V]):
    """What is held under a key, and the flight under way, or the last if that failed."""

    held: _Held[V] | None = None
    flight: _Flight[V] | None = None
    asked_again_at: float = -math.inf

    def usable(self, now: float, at_most: float = math.inf) -> _Held[V] | None:
        held = self.held
        if held is None or now >= min(held.usable_until, held.began_at + at_most):
            return None
        return held


@dataclass(eq=False)
class Cache(Generic[K, V]):
    """Keeps up to `most` values in this process, dropping what was used longest ago.

    A value is fresh for `fresh_seconds` from when its fetch began and usable for `usable_seconds`,
    and for its `lifetime` at the most. In the last `ahead_seconds` of its freshness, and after it,
    another thread fetches and who asks is given what there is. Where that is not fresh any more the
    fetch is waited for, up to `patience` seconds, or done by who asks where all threads are busy,
    unless the source has just failed. Without a usable value one caller fetches, or with `aside`
    another thread, and everybody waits until a deadline of their own.

    A fetch raises `away` when its source does not answer, or takes longer than a request may; then
    there is a pause before the next. `leave_thread` is called after one in another thread.
    """

    name: str
    away: type[Exception]
    _: KW_ONLY
    fresh_seconds: float
    usable_seconds: float
    patience: float = 0.0
    ahead_seconds: float = 0.0
    lifetime: Callable[[V], float] = lambda _: math.inf
    leave_thread: Callable[[], None] = lambda: None
    aside: bool = False
    most: int = 10_000

    def __post_init__(self) -> None:
        self._slots: OrderedDict[K, _Slot[V]] = OrderedDict()
        self._failed_at = -math.inf
        self.land_all()
        _caches.add(self)

    def land_all(self) -> None:
        """Know of no fetch under way, as in the child of a fork."""
        self._lock = threading.Lock()
        self._queue: deque[tuple[_Slot[V], _Flight[V]]] = deque(maxlen=self.most)
        self._threads: set[threading.Thread] = set()
        for slot in self._slots.values():
            slot.flight = None

    def get(self, key: K, fetch: Callable[[], V], *, at_most: float = math.inf) -> V:
        """Return the value for `key`, asked for `at_most` so many seconds ago.

        Raises what `fetch` raises here, or `away` where another's fetch failed or takes too long.
        """
        while True:
            now = clock.monotonic()
            with self._lock:
                slot = self._slot(key)
                held = slot.usable(now, at_most)
                if held is not None and now < held.renewed_at:
                    return held.value
                oldest = min(at_most, self.usable_seconds) if held is None else math.inf
                flight, is_new = self._flight(slot, fetch, now, oldest)
                waits = held is None or self._waits_for_better(held, now)
                is_full = len(self._threads) >= MOST_THREADS
                runs = waits and not (self.aside or flight.is_taken) and (held is None or is_full)
                flight.is_taken = flight.is_taken or runs
            if runs:
                return self._run(slot, flight) if held is None else self._soon(slot, flight, held)
            if is_new:
                self._run_aside(slot, flight)
            if held is None:
                held = self._brought(flight, now)
            elif waits:
                held = self._better(held, flight, now)
            if held is not None:
                return held.value

    def put(self, key: K, value: V, began_at: float | None = None) -> None:
        """Keep a value, true at `began_at` on the monotonic clock (now if None), over any other."""
        held = self._hold(value, clock.monotonic() if began_at is None else began_at)
        with self._lock:
            self._slots.pop(key, None)
            self._slot(key).held = held

    def peek(self, key: K) -> V | None:
        """Return the value for `key` if it is still usable, without fetching."""
        slot = self._slots.get(key)
        held = slot and slot.usable(clock.monotonic())
        return held.value if held else None

    def forget(self, key: K) -> None:
        """Drop a value that is known to be outdated, and what is being fetched meanwhile."""
        with self._lock:
            self._slots.pop(key, None)

    def settle(self) -> None:
        """Return when nothing is being fetched aside."""
        for thread in list(self._threads):
            if thread.is_alive():
                thread.join()

    def _slot(self, key: K) -> _Slot[V]:
        slot = self._slots.get(key) or self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        if len(self._slots) > self.most:
            self._slots.popitem(last=False)
        return slot

    def _flight(
        self, slot: _Slot[V], fetch: Callable[[], V], now: float, oldest: float
    ) -> tuple[_Flight[V], bool]:
        """Return a flight younger than `oldest`, or one that just failed; and whether it is new."""
        flight = slot.flight
        if flight is not None:
            if now >= flight.hangs_at and not flight.landed.is_set():
                flight.fault = "no answer"
                self._land(slot, flight, flight.hangs_at)
            if now < (slot.asked_again_at if flight.landed.is_set() else flight.began_at + oldest):
                return flight, False
        slot.flight = _Flight(fetch, now, now + LIMIT_SECONDS)
        return slot.flight, True

    def _brought(self, flight: _Flight[V], now: float) -> _Held[V] | None:
        """Return what a flight brings; None if it failed by no fault of the source's."""
        left = min(flight.hangs_at - now, deadline.remaining())
        if not flight.landed.wait(max(0.0, left)):
            raise self.away(f"{self.name}: no answer yet")
        if flight.held is None and flight.fault is not None:
            raise self.away(f"{self.name}: {flight.fault}")
        return flight.held

    def _waits_for_better(self, held: _Held[V], now: float) -> bool:
        is_silent = now < self._failed_at + 2 * PAUSE_SECONDS
        return bool(self.patience) and now >= held.fresh_until and not is_silent

    def _better(self, held: _Held[V], flight: _Flight[V], now: float) -> _Held[V]:
        """Return what another's flight brings soon, or else what is held."""
        patience = flight.began_at + self.patience - now
        left = min(patience, deadline.remaining())
        if not flight.landed.wait(max(0.0, left)) and left == patience:
            with self._lock:
                self._note_silence("no answer yet", now, is_served=True)
        return flight.held or held

    def _soon(self, slot: _Slot[V], flight: _Flight[V], held: _Held[V]) -> V:
        """Return what a flight brings within the patience that there is, or else what is held."""
        try:
            with deadline.within(min(self.patience, deadline.remaining())):
                return self._run(slot, flight)
        except self.away:
            return held.value

    def _run(self, slot: _Slot[V], flight: _Flight[V]) -> V:
        try:
            value = flight.fetch()
            flight.held = self._hold(value, flight.began_at)
            return value
        except Exception as error:
            tried_for = clock.monotonic() - flight.began_at
            # who had no time left says nothing of the source
            if deadline.allows_a_call() or tried_for >= LIMIT_SECONDS / 2:
                is_away = isinstance(error, self.away)
                flight.fault = str(error) if is_away else type(error).__name__
            raise
        finally:
            with self._lock:
                self._land(slot, flight, clock.monotonic())

    def _land(self, slot: _Slot[V], flight: _Flight[V], now: float) -> None:
        if flight.held is not None:
            if slot.held is None or slot.held.began_at <= flight.began_at:
                slot.held = flight.held
            self._failed_at = -math.inf
        if slot.flight is flight and not flight.landed.is_set():
            if flight.held is None and flight.fault is not None:
                is_served = slot.usable(now) is not None
                pause = PAUSE_SECONDS if is_served else FIRST_PAUSE_SECONDS
                slot.asked_again_at = now + pause
                self._note_silence(flight.fault, now, is_served=is_served)
            else:
                slot.flight = None
        flight.landed.set()

    def _hold(self, value: V, began_at: float) -> _Held[V]:
        until = clock.monotonic() + self.lifetime(value)
        fresh_until = min(began_at + self.fresh_seconds, until)
        ahead = min(self.ahead_seconds, (fresh_until - began_at) / 2)
        usable_until = min(began_at + self.usable_seconds, until)
        return _Held(value, began_at, fresh_until - ahead, fresh_until, usable_until)

    def _note_silence(self, fault: str, at: float, *, is_served: bool) -> None:
        if is_served and self._failed_at == -math.inf:
            logger.warning("%s cannot be read, what is known serves: %s", self.name, fault)
        self._failed_at = at

    def _run_aside(self, slot: _Slot[V], flight: _Flight[V]) -> None:
        """Have a thread fetch, one more if there may be one; a flight that none can is over."""
        thread = threading.Thread(target=self._work, name=f"cache: {self.name}", daemon=True)
        with self._lock:
            self._queue.append((slot, flight))
            if len(self._threads) >= MOST_THREADS:
                return
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the process has no thread left, or is ending
            with self._lock:
                self._threads.discard(thread)
                flight.fault = "no thread can be started"
                self._land(slot, flight, clock.monotonic())

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads.discard(threading.current_thread())
                    return
                slot, flight = self._queue.popleft()
                if flight.is_taken or flight.landed.is_set():
                    continue
                flight.is_taken = True
            try:
                with contextlib.ExitStack() as stack:
                    stack.callback(self.leave_thread)
                    stack.enter_context(deadline.within(LIMIT_SECONDS))
                    self._run(slot, flight)
            except Exception as error:
                if not isinstance(error, self.away):
                    logger.exception("%s cannot be read", self.name)


_caches: "WeakSet[Cache[Any, Any]]" = WeakSet()


def _land_all() -> None:
    for cache in _caches:
        cache.land_all()


os.register_at_fork(after_in_child=_land_all)

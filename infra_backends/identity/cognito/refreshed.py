"""One value of something slow, which is asked by one thread at a time and never in a hurry."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)

V = TypeVar("V")

PAUSE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 1.0
"""The pause as long as there is no value at all, and so nothing works."""


@dataclass(frozen=True, slots=True)
class _Held(Generic[V]):
    value: V
    fetched_at: float


class Refreshed(Generic[V]):
    """A value that is fetched when it is first needed and again when it is `fresh_seconds` old.

    After each try, in vain or not, there is a pause before the next. A value once fetched goes on
    serving, however old, while its source is asked again or away.
    """

    def __init__(self, name: str, fetch: Callable[[], V], *, fresh_seconds: float) -> None:
        self._name = name
        self._fetch = fetch
        self._fresh_seconds = fresh_seconds
        self._held: _Held[V] | None = None
        self._tried_at: float | None = None
        self._fault: str | None = None
        self._asking = threading.Lock()

    def get(self) -> V:
        """Return the value; raise BackendUnavailable if it was never fetched and cannot be."""
        held = self._held
        if held is not None:
            if self._is_old(held) and self._may_try(PAUSE_SECONDS):
                self._try_aside()
            return held.value
        with self._turn():
            if self._held is None:
                self._try(FIRST_PAUSE_SECONDS)
        if self._held is None:
            raise BackendUnavailable(f"{self._name}: {self._fault}")
        return self._held.value

    def renewed(self) -> V:
        """Return the value as its source gave it within the pause, or gives it now.

        Raises BackendUnavailable if that last try was in vain.
        """
        with self._turn():
            self._try(PAUSE_SECONDS)
            if self._held is None or self._fault is not None:
                raise BackendUnavailable(f"{self._name}: {self._fault}")
            return self._held.value

    def _is_old(self, held: _Held[V]) -> bool:
        return clock.monotonic() - held.fetched_at >= self._fresh_seconds

    def _may_try(self, pause: float) -> bool:
        return self._tried_at is None or clock.monotonic() - self._tried_at >= pause

    def _try_aside(self) -> None:
        """Ask in a thread of its own, unless one is asking already: no caller needs to wait."""

        def ask() -> None:
            try:
                self._try(PAUSE_SECONDS)
            finally:
                self._asking.release()

        if self._asking.acquire(blocking=False):
            try:
                threading.Thread(target=ask, name=self._name, daemon=True).start()
            except RuntimeError:  # the process has no thread left, or is ending
                self._asking.release()

    def _try(self, pause: float) -> None:
        if not self._may_try(pause):
            return
        started_at = clock.monotonic()
        try:
            self._held = _Held(self._fetch(), started_at)
            self._fault = None
        except BackendUnavailable as error:
            self._fault = str(error)
            logger.warning("%s cannot be fetched: %s", self._name, error)
        finally:
            self._tried_at = clock.monotonic()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._asking.acquire(timeout=deadline.remaining()):
            raise BackendUnavailable(f"{self._name}: another thread is still asking")
        try:
            yield
        finally:
            self._asking.release()

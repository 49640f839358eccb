"""Threads that die in the middle of things."""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from infra_backends.events.base import EventsBackend, Result
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event


class Death(BaseException):
    """What ends a relay as `kill -9` ends a process: nothing in the code under test expects it."""


class Fate:
    """Counts the steps of a thread, and ends it at one; the dead do nothing any more."""

    def __init__(self, seed: int, most_steps: int) -> None:
        self._random = random.Random(seed)
        self._most_steps = most_steps
        self._thread = threading.local()
        self.deaths = 0

    def doom(self) -> None:
        """Let the calling thread die at a step to come."""
        self._thread.left = self._random.randint(1, self._most_steps)

    def spare(self) -> None:
        """Let the calling thread live again, for good."""
        self._thread.left = None

    def step(self) -> None:
        left = getattr(self._thread, "left", None)
        if left is None:
            return
        if left == 1:
            self.deaths += 1
        self._thread.left = left - 1
        if left <= 1:
            raise Death


class MortalStore:
    """Stands for a backend, of which each call may be a thread's last, before or after it."""

    def __init__(self, backend: PersistenceBackend, fate: Fate) -> None:
        self._backend = backend
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def read(self, keys: Any) -> Any:
        return self._survive(self._backend.read, keys)

    def commit(self, commit: Any) -> None:
        self._survive(self._backend.commit, commit)

    def _survive(self, call: Callable[[Any], Any], argument: Any) -> Any:
        self._fate.step()
        result = call(argument)
        self._fate.step()
        return result


class MortalTransport(EventsBackend):
    """Writes down what it is given, in a thread that may die before or after it has."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self.published: list[Event] = []

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        self._fate.step()
        self.published.extend(events)
        self._fate.step()
        return [None] * len(events)

"""What a suite needs of a store: an empty backend for each test, and a clean end of a thread."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator

from infra_backends.persistence.base import PersistenceBackend

LEFT_OUT = "LEFT OUT"
"""How the reason of a skip begins when a whole backend is not tested; shown after every run."""


class LeftOut(Exception):
    """This store cannot be had here, and so its backend is not tested."""


class Store(ABC):
    """A persistence backend with what stands behind it, for the length of a test session."""

    @abstractmethod
    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        """Give a backend over an empty store for the length of one test."""
        yield

    def leave_thread(self) -> None:  # noqa: B027  # most stores hold nothing for a thread
        """Release what the calling thread holds; called before it ends."""

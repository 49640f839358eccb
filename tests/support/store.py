"""What a suite needs of a store: an empty backend for each test, and a clean end of a thread."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from typing import Any

from infra_backends.persistence.base import PersistenceBackend

LEFT_OUT = "LEFT OUT"
"""How the reason of a skip begins when a whole backend is not tested; shown after every run."""


Marks = dict[tuple[Hashable, ...], Any]
"""What each part of a row holds: by its table, its key and the part's name, if it is one."""


class LeftOut(Exception):
    """This store cannot be had here, and so its backend is not tested."""


class Newer(ABC):
    """A newer version, as the store has it from there."""

    @abstractmethod
    def mark(self, text: str) -> None:
        """Have every row, and every part of one, hold a text where only this version looks."""

    @abstractmethod
    def marks(self) -> Marks:
        """Return what is held there, without the rows of which it has never heard."""


class Store(ABC):
    """A persistence backend with what stands behind it, for the length of a test session."""

    @abstractmethod
    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        """Give a backend over an empty store for the length of one test."""
        yield

    @abstractmethod
    def newer(self) -> Newer:
        """Return what a newer version has in the store of the backend that is being served.

        A database is migrated for it, which stays so: the store should be one of the test's own.
        """

    remembers_tokens: bool = True
    """Whether a commit whose answer was lost has one effect, however often it is sent."""

    def leave_thread(self) -> None:  # noqa: B027  # most stores hold nothing for a thread
        """Release what the calling thread holds; called before it ends."""

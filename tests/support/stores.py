"""The stores that the shared suites run over; a new one is one entry in `BACKENDS`."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from infra_backends.persistence import memory
from infra_backends.persistence.base import PersistenceBackend
from tests.support.databases import postgresql_database, sqlite_database
from tests.support.servers import (
    memory_environment,
    postgresql_environment,
    sqlite_environment,
)
from tests.support.store import Store


class MemoryStore(Store):
    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        yield memory.Backend()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendUnderTest:
    """A persistence backend and in what it differs from the others."""

    name: str
    open: Callable[[], AbstractContextManager[Store]]
    """Opens its store, once for each test process. Raises LeftOut where it cannot be had."""

    environment: Callable[[], AbstractContextManager[dict[str, str]]]
    """Opens what a server process needs in its environment to serve from a store of its own."""

    bears_threads: bool = True
    """Whether commits of several threads at once are safe; an emulator's may not be."""

    expires_by_itself: bool = False
    """Whether the store removes by itself what has expired, and so the backend never does."""


BACKENDS = [
    BackendUnderTest(
        name="memory",
        open=lambda: contextlib.nullcontext(MemoryStore()),
        environment=memory_environment,
    ),
    BackendUnderTest(name="sqlite", open=sqlite_database, environment=sqlite_environment),
    BackendUnderTest(
        name="postgresql", open=postgresql_database, environment=postgresql_environment
    ),
]

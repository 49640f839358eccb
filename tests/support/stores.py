"""The stores that the shared suites run over; a new one is one entry in `BACKENDS`."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from infra_backends.persistence import memory
from infra_backends.persistence.base import PersistenceBackend
from tests.support.databases import postgresql_database, sqlite_database
from tests.support.dynamodb import dynamodb_store
from tests.support.emulators import emulator, moto
from tests.support.newer import NewerRows
from tests.support.servers import (
    aws_environment,
    memory_environment,
    postgresql_environment,
    sqlite_environment,
)
from tests.support.store import Newer, Store


class MemoryStore(Store):
    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        self._backend = memory.Backend()
        yield self._backend

    def newer(self) -> Newer:
        return NewerRows(self._backend._tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendUnderTest:
    """A persistence backend and in what it differs from the others."""

    name: str
    open: Callable[[], AbstractContextManager[Store]]
    """Opens its store, once for each test process. Raises LeftOut where it cannot be had."""

    environment: Callable[[], AbstractContextManager[dict[str, str]]] | None = None
    """Opens what a server process needs in its environment to serve from a store of its own; none
    where only the repositories' suite runs."""

    one_process: bool = False
    """Whether the store lives in a process's own memory, and is gone with it."""

    expires_by_itself: bool = False
    """Whether the store removes by itself what has expired, and so the backend never does."""


BACKENDS = [
    BackendUnderTest(
        name="memory",
        open=lambda: contextlib.nullcontext(MemoryStore()),
        environment=memory_environment,
        one_process=True,
    ),
    BackendUnderTest(name="sqlite", open=sqlite_database, environment=sqlite_environment),
    BackendUnderTest(
        name="postgresql", open=postgresql_database, environment=postgresql_environment
    ),
    BackendUnderTest(
        name="dynamodb",
        # Whether requests are signed as they must be is for `tests/aws` and the servers to show.
        open=dynamodb_store(partial(emulator, AUTH="false")),
        environment=aws_environment,
        expires_by_itself=True,
    ),
]

MORE_ENGINES = [
    BackendUnderTest(
        name="moto",
        open=dynamodb_store(moto, boto3_client=True),
        expires_by_itself=True,
    ),
]
"""Other engines that speak DynamoDB's protocol, which the repositories' suite runs over as well,
over moto through boto3's own client."""

"""A bounded number of connections to PostgreSQL, handed from thread to thread.

A server has many more threads than its database bears connections, and most of them wait for a
client most of the time. A thread has a connection for the length of one read or commit.
"""

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from infra_backends.exceptions import BackendUnavailable

DEFAULT_SIZE = 16


class ConnectionSlots:
    """So many connections at once; those that are idle are kept, the last used on top."""

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._size = size
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def resize(self, size: int) -> None:
        """Set how many there may be; for a process that has not connected yet."""
        if size != self._size:
            self._size = size
            self._reset()

    @contextlib.contextmanager
    def taken(self, connection: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
        """Have a thread's connection connected, or ready to be, for a `with` block.

        Raises BackendUnavailable when no slot came free after so many seconds. A thread that is
        connected already keeps what it has.
        """
        if connection.connection is not None:
            yield
            return
        if not self._free.acquire(timeout=max(0.0, seconds)):
            raise BackendUnavailable("every connection to the database is in use")
        idle = self._idle[_database_of(connection)]
        try:
            with contextlib.suppress(IndexError):
                _hand_over(idle.pop(), connection)
            yield
        finally:
            raw, connection.connection = connection.connection, None
            if raw is not None and not raw.closed:
                idle.append(raw)
            self._free.release()

    def _reset(self) -> None:
        """Forget everything: a fork's copies are the parent's to use."""
        self._free = threading.BoundedSemaphore(self._size)
        self._abandoned = getattr(self, "_idle", None)
        self._idle: dict[tuple[Any, ...], list[Any]] = defaultdict(list)


def _hand_over(raw: Any, connection: BaseDatabaseWrapper) -> None:
    """Make an open connection a thread's, which then stands as if it had just opened it."""
    connection.connection = raw
    connection.autocommit = True
    connection.errors_occurred = False
    connection.closed_in_transaction = False


def _database_of(connection: BaseDatabaseWrapper) -> tuple[Any, ...]:
    return tuple(connection.settings_dict[part] for part in ("HOST", "PORT", "NAME", "USER"))

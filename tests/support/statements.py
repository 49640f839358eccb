"""A database connection that announces what it does, each time a moment to die at."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections  # noqa: TID251  # it stands between both

Listener = Callable[[str], None]


@contextlib.contextmanager
def announced(announce: Listener) -> Iterator[None]:
    """Announce each statement of this thread's transactions once it has been run.

    The last announcement of a transaction is the moment before its COMMIT.
    """
    connection = connections[DEFAULT_DB_ALIAS]

    def run(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if connection.in_atomic_block:
            announce(f"after {sql[:30]}")
        return result

    with connection.execute_wrapper(run):
        yield


@contextlib.contextmanager
def commits_announced(announce: Listener) -> Iterator[None]:
    """Announce the commit itself as well, before and after it.

    Only for a listener that never comes back: an exception there is one Django does not expect.
    """
    connection = connections[DEFAULT_DB_ALIAS]

    def commit() -> None:
        announce("before COMMIT")
        type(connection).commit(connection)
        announce("after COMMIT")

    connection.commit = commit
    try:
        with announced(announce):
            yield
    finally:
        del connection.commit

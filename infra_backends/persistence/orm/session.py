"""This thread's connection, how long it may be waited for, and what its errors become."""

import contextlib
import math
import os
import select
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper

from financial_api.kernel import clock, deadline
from financial_api.kernel.fair_lock import FairLock
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.failures import Failure
from infra_backends.persistence.orm.faults import INSUFFICIENT_PRIVILEGE, failure_of
from infra_backends.persistence.orm.patience import PATIENCE_SECONDS, gives_up_at
from infra_backends.persistence.orm.slots import ConnectionSlots

_BEGIN = """
    SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true),
           set_config('idle_in_transaction_session_timeout', %s, true)
"""

_inherited: list[Any] = []

write_lock = FairLock()
"""This process's, in front of SQLite's own, which is neither fair nor waited for in order."""

slots = ConnectionSlots()
"""This process's connections to PostgreSQL."""


@contextlib.contextmanager
def reading() -> Iterator[BaseDatabaseWrapper]:
    """Give this thread's connection, outside any transaction. Raises BackendUnavailable."""
    try:
        with _translated() as ends_at, _connected(ends_at) as connection:
            yield connection
    except ConcurrencyError as conflict:
        raise BackendUnavailable(str(conflict)) from conflict


@contextlib.contextmanager
def writing(locks: Sequence[int] = ()) -> Iterator[CursorWrapper]:
    """Give a cursor in a transaction that is committed at the end, or rolled back by an error.

    `locks` are 64-bit numbers: no two transactions that share one are in progress at once.
    Raises ConcurrencyError when another transaction was there first, and BackendUnavailable, by
    which the outcome is unknown where the connection was lost with the commit.
    """
    is_committing = False
    try:
        with _transaction(locks) as cursor:
            yield cursor
            is_committing = True
    except BackendUnavailable as error:
        if is_committing and error.failure is Failure.AWAY:
            error.failure = Failure.UNKNOWN
        raise


@contextlib.contextmanager
def _transaction(locks: Sequence[int]) -> Iterator[CursorWrapper]:
    with _translated() as ends_at, contextlib.ExitStack() as stack:
        if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
            stack.enter_context(write_lock.held(ends_at - clock.monotonic()))
        connection = stack.enter_context(_connected(ends_at))
        stack.enter_context(transaction.atomic())
        cursor = stack.enter_context(connection.cursor())
        if connection.vendor == "postgresql":
            _begin(cursor, ends_at - clock.monotonic(), locks)
        yield cursor


def close() -> None:
    """Close this thread's connection."""
    connections[DEFAULT_DB_ALIAS].close()


@contextlib.contextmanager
def _translated() -> Iterator[float]:
    """Turn the database's errors into the contract's; a bug stays what it is.

    Gives the moment, on the monotonic clock, until when the block may wait.
    """
    ends_at = clock.monotonic() + deadline.remaining(PATIENCE_SECONDS)
    before = gives_up_at.set(ends_at)
    try:
        yield ends_at
    except TimeoutError as error:
        raise BackendUnavailable(
            "the database's write lock stayed taken", Failure.THROTTLED
        ) from error
    except Error as error:
        failure = failure_of(error, waited=clock.monotonic() >= ends_at)
        if failure is Failure.OURS:
            raise
        if failure is Failure.AWAY:
            _drop_connection()
        sqlstate = getattr(error.__cause__, "sqlstate", None)
        is_old = failure is Failure.REFUSED and sqlstate != INSUFFICIENT_PRIVILEGE
        wants = "wants `manage.py migrate`" if is_old else "says"
        said = f"the database {wants}: {' '.join(str(error).split())}"
        if failure is Failure.MOVED:
            raise ConcurrencyError(said) from error
        raise BackendUnavailable(said, failure) from error
    finally:
        gives_up_at.reset(before)


@contextlib.contextmanager
def _connected(ends_at: float) -> Iterator[BaseDatabaseWrapper]:
    """Give this thread's connection, connected, and limit how long SQLite waits on it."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with slots.taken(connection, ends_at - clock.monotonic()):
            _ensure_usable(connection)
            yield connection
    else:
        _ensure_usable(connection)
        milliseconds = _milliseconds(ends_at - clock.monotonic())
        connection.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
        yield connection


def _ensure_usable(connection: BaseDatabaseWrapper) -> None:
    """Connect, anew if the connection has died while it was idle.

    Nothing is ever unread on a healthy idle connection, so looking costs no round trip.
    """
    if connection.connection is not None and not connection.in_atomic_block:
        if connection.vendor == "postgresql" and _has_unread(connection.connection):
            connection.errors_occurred = True
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
    connection.ensure_connection()


def _has_unread(raw: Any) -> bool:
    if raw.closed:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _begin(cursor: CursorWrapper, seconds: float, locks: Sequence[int]) -> None:
    """Set the transaction's limits and take its locks, in one round trip."""
    limit = f"{_milliseconds(seconds)}ms"
    taken = ", pg_advisory_xact_lock(%s)" * len(locks)
    cursor.execute(_BEGIN + taken, [limit, limit, limit, *sorted(locks)])


def _milliseconds(seconds: float) -> int:
    """Return at least 1, since 0 is forever to PostgreSQL."""
    return max(1, math.ceil(seconds * 1000))


def _drop_connection() -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    if not connection.in_atomic_block:
        with contextlib.suppress(Error):
            connection.close()


def _make_impatient(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have a new connection to PostgreSQL give up when it is time; no other needs psycopg."""
    if connection.vendor == "postgresql":
        from infra_backends.persistence.orm.silence import ImpatientConnection

        connection.connection.__class__ = ImpatientConnection


def _disown_connection() -> None:
    """Forget what a fork has copied: closing it would end the parent's session or its locks."""
    for connection in connections.all(initialized_only=True):
        _inherited.append(connection.connection)
        connection.connection = None


connection_created.connect(_make_impatient)
os.register_at_fork(after_in_child=_disown_connection)

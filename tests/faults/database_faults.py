"""A database as it fails: what may come of each statement of a connection, and of its COMMIT.

What a server can be made to say it says itself; the rest is raised as its driver raises it.
"""

import contextlib
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections  # noqa: TID251  # it stands between both

from tests.support.breaking import Outage

Execute = Callable[[], Any]
Steps = Callable[[str], bool]

COMMIT = "COMMIT"
COMMIT_STEP = f"writing: {COMMIT}"


@dataclass(frozen=True, slots=True)
class DatabaseFault:
    name: str
    play: Callable[[Any, Execute], Any]
    """Given a driver's own connection, runs a statement, or what comes of it in its place."""


def writing(step: str) -> bool:
    return step.startswith("writing: ")


def reading(step: str) -> bool:
    return step.startswith("reading: ")


def anywhere(_: str) -> bool:
    return True


@contextlib.contextmanager
def failing(fault: DatabaseFault, outage: Outage, among: Steps) -> Iterator[None]:
    """Have this thread's connection fail in this way for as long as the outage lasts.

    Only some steps count: each is a statement, and is called `writing` from BEGIN to COMMIT.
    """
    connection = connections[DEFAULT_DB_ALIAS]

    def befall(statement: str, execute: Execute) -> Any:
        writes = connection.in_atomic_block or statement.startswith(("BEGIN", COMMIT))
        step = f"{'writing' if writes else 'reading'}: {' '.join(statement.split())[:40]}"
        if not (among(step) and outage.befalls(step)):
            return execute()
        with connection.wrap_database_errors:
            return fault.play(connection.connection, execute)

    def run(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return befall(sql, lambda: execute(sql, *rest))

    def commit() -> None:
        befall(COMMIT, lambda: type(connection)._commit(connection))

    connection._commit = commit
    try:
        with connection.execute_wrapper(run):
            yield
    finally:
        del connection._commit


def _cut(raw: Any, execute: Execute) -> Any:
    """End a connection to PostgreSQL before a statement goes out over it."""
    with socket.socket(fileno=raw.pgconn.socket) as line:
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.detach()
    return execute()


def _lose_answer(raw: Any, execute: Execute) -> NoReturn:
    execute()
    raw.close()
    raise psycopg.OperationalError("server closed the connection unexpectedly")


def _say(sqlstate: str) -> Callable[[Any, Execute], Any]:
    """Return what has PostgreSQL itself fail with a code."""
    fails = f"DO $$BEGIN RAISE EXCEPTION 'played' USING ERRCODE = '{sqlstate}'; END$$"
    return lambda raw, _: raw.execute(fails)


def _sqlite(code: int, *, at_the_end: bool = False) -> Callable[[Any, Execute], NoReturn]:
    def play(_: Any, execute: Execute) -> NoReturn:
        if at_the_end:
            execute()
        error = sqlite3.OperationalError("played")
        error.sqlite_errorcode = code
        raise error

    return play


ANSWER_LOST = DatabaseFault("answer lost", _lose_answer)
DISK_ERROR_AT_THE_END = DatabaseFault(
    "disk error at the end", _sqlite(sqlite3.SQLITE_IOERR, at_the_end=True)
)

CONFLICTS = {
    "postgresql": [
        DatabaseFault("serialization failure", _say("40001")),
        DatabaseFault("deadlock", _say("40P01")),
    ],
    "sqlite": [
        DatabaseFault("busy", _sqlite(sqlite3.SQLITE_BUSY)),
        DatabaseFault("protocol", _sqlite(sqlite3.SQLITE_PROTOCOL)),
    ],
}
"""By the database's name: that another transaction was there first."""

OTHERS = {
    "postgresql": [
        DatabaseFault("connection cut", _cut),
        ANSWER_LOST,
        DatabaseFault("lock not available", _say("55P03")),
        DatabaseFault("statement timeout", _say("57014")),
        DatabaseFault("shutting down", _say("57P01")),
        DatabaseFault("disk full", _say("53100")),
    ],
    "sqlite": [
        DatabaseFault("disk error", _sqlite(sqlite3.SQLITE_IOERR)),
        DISK_ERROR_AT_THE_END,
        DatabaseFault("disk full", _sqlite(sqlite3.SQLITE_FULL)),
    ],
}

"""Databases for the ORM backend, each made, migrated and dropped by the process that tests.

The backend uses Django's connection "default". A test that runs over one of these has that
connection exchanged for it, in every thread, so one process can test over several databases.
"""

import contextlib
import functools
import os
import secrets
import tempfile
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import (  # noqa: TID251  # it stands for what settings give the ORM backend
    DEFAULT_DB_ALIAS,
    ConnectionHandler,
    connections,
    transaction,
)

from financial_api.settings.embedded import orm_database
from infra_backends.persistence.base import PersistenceBackend
from tests.support.newer import NewerColumns
from tests.support.postgresql import connected, server_url
from tests.support.store import LeftOut, Newer, Store

ORM = "infra_backends.persistence.orm"


class DatabaseStore(Store):
    """The ORM backend on a database of its own."""

    def __init__(self, settings: dict[str, Any]) -> None:
        handler = ConnectionHandler({DEFAULT_DB_ALIAS: settings})
        self._settings = handler.settings[DEFAULT_DB_ALIAS]
        self._connection = handler[DEFAULT_DB_ALIAS]
        with self._installed():
            call_command("migrate", verbosity=0, interactive=False)

    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        with self.as_it_is() as backend:
            self._empty()
            yield backend

    @contextlib.contextmanager
    def as_it_is(self) -> Iterator[PersistenceBackend]:
        """Give the backend over whatever is in the database."""
        with self._installed():
            yield import_module(ORM).Backend(outbox_shards=8)

    @functools.cache  # noqa: B019  # there are few of them, and they stay
    def newer(self) -> Newer:
        return NewerColumns(self._connection)

    def leave_thread(self) -> None:
        connections.close_all()

    def close(self) -> None:
        self._connection.close()

    @contextlib.contextmanager
    def _installed(self) -> Iterator[None]:
        """Have this thread use our connection, and threads that begin now make one like it."""
        replaced = connections.settings[DEFAULT_DB_ALIAS], connections[DEFAULT_DB_ALIAS]
        connections.settings[DEFAULT_DB_ALIAS] = self._settings
        connections[DEFAULT_DB_ALIAS] = self._connection
        try:
            yield
        finally:
            connections.settings[DEFAULT_DB_ALIAS], connections[DEFAULT_DB_ALIAS] = replaced

    def _empty(self) -> None:
        """Delete all rows; on a few of them that is far quicker than TRUNCATE."""
        tables = self._connection.introspection.django_table_names(include_views=False)
        with transaction.atomic(), self._connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"DELETE FROM {self._connection.ops.quote_name(table)}")  # noqa: S608


@contextlib.contextmanager
def sqlite_database() -> Iterator[Store]:
    """Open a store on a temporary file."""
    _require_orm()
    with tempfile.TemporaryDirectory(prefix="financial-api-") as folder:
        yield from _opened(orm_database(f"sqlite:///{folder}/test.sqlite3"))


@contextlib.contextmanager
def postgresql_database() -> Iterator[Store]:
    """Open a store on a new database of the server at TEST_POSTGRESQL_URL.

    Where the variable is not set, a server on this machine is used if there is one.
    """
    _require_orm()
    with created_postgresql_database() as url:
        yield from _opened(orm_database(url))


@contextlib.contextmanager
def created_postgresql_database() -> Iterator[str]:
    """Make an empty database, give its URL, and drop it at the end. Raises LeftOut."""
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    url = server_url()
    with connected(url) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            # Nothing here outlives the server, so no commit need wait for the disk.
            server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
            yield f"{url.rpartition('/')[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _opened(settings: dict[str, Any]) -> Iterator[Store]:
    store = DatabaseStore(settings)
    try:
        yield store
    finally:
        store.close()


def _require_orm() -> None:
    if not apps.is_installed(ORM):
        raise LeftOut(f"{ORM} is not among INSTALLED_APPS")

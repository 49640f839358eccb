"""The backend: the batch read, and the commit in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS

from financial_api.kernel.cleanup import CleanupKey, CleanupState, DeletedCounts
from financial_api.kernel.keys import Key, Reading
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.orm import purging, session
from infra_backends.persistence.orm.kinds import KEYS
from infra_backends.persistence.orm.repositories import (
    AuditLogs,
    CardRequests,
    Cards,
    Idempotency,
    InboundMessages,
    Notifications,
    Outbox,
    PendingApprovals,
    Transactions,
    Users,
)
from infra_backends.persistence.orm.session import reading, writing
from infra_backends.persistence.orm.slots import DEFAULT_SIZE
from infra_backends.persistence.orm.tables import Table
from infra_backends.persistence.orm.writes import locks_of, write


class Backend(PersistenceBackend):
    """Django's connection "default", to SQLite or PostgreSQL.

    `outbox_shards`: of the pending index. `connections`: how many of them to PostgreSQL a process
    has at once; to SQLite each thread has one, which it keeps.
    """

    def __init__(self, *, outbox_shards: int = 8, connections: int = DEFAULT_SIZE) -> None:
        session.slots.resize(connections)
        self.users = Users()
        self.cards = Cards()
        self.card_requests = CardRequests()
        self.transactions = Transactions()
        self.idempotency = Idempotency()
        self.outbox = Outbox(outbox_shards)
        self.audit_logs = AuditLogs()
        self.notifications = Notifications()
        self.inbound_messages = InboundMessages()
        self.pending_approvals = PendingApprovals()

    def read(self, keys: Sequence[Key[Any]]) -> Reading:
        in_table: dict[Table[Any], list[Key[Any]]] = defaultdict(list)
        for key in keys:
            in_table[KEYS[type(key)]].append(key)
        found: dict[Key[Any], Any] = dict.fromkeys(keys)
        with reading() as connection:
            for table, wanted in in_table.items():
                found |= table.read(connection, wanted)
        return Reading(found)

    def commit(self, commit: Commit) -> None:
        with writing(locks_of(commit)) as cursor:
            write(cursor, commit)

    def purge(self, limit: int, during: CleanupState | None = None) -> DeletedCounts:
        return purging.purge(limit, during)

    def ping(self) -> None:
        self.read([CleanupKey()])

    def leave_thread(self) -> None:
        session.close()

    close = leave_thread

    def check(self) -> Sequence[CheckMessage]:
        database: dict[str, Any] = settings.DATABASES.get(DEFAULT_DB_ALIAS, {})  # type: ignore[assignment]
        engine = database.get("ENGINE", "")
        if not engine.endswith((".sqlite3", ".postgresql")):
            return [
                Error(
                    "The ORM persistence backend needs SQLite or PostgreSQL.",
                    hint="Set DATABASES['default'], or DATABASE_URL, to sqlite:///path or postgres://user@host/name.",
                    id="persistence.E001",
                )
            ]
        options = database.get("OPTIONS", {})
        if engine.endswith(".sqlite3") and options.get("transaction_mode") != "IMMEDIATE":
            return [
                Error(
                    "SQLite's transactions must begin with the write lock, else they fail.",
                    hint="Set DATABASES['default']['OPTIONS']['transaction_mode'] = 'IMMEDIATE'.",
                    id="persistence.E002",
                )
            ]
        return ()

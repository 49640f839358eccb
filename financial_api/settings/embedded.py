"""The backends that need nothing but this process and a file."""

from typing import Any

from financial_api.settings.base import DATA_DIR, DISABLED_ACCOUNTS, OUTBOX_SHARDS, env

SQLITE_URL = f"sqlite:///{DATA_DIR / 'financial_api.sqlite3'}"


def orm_database(url: str) -> dict[str, object]:
    """Return Django's settings for the ORM backend's database at `url`.

    The backend finds out for itself, without a round trip, when an idle connection has died.

    SQLite: write-ahead log, every commit on disk, and writers that take the lock when they begin,
    since one that upgrades a read can only fail. PostgreSQL: a server that is away, or a lock that
    stays taken, is an answer within a request's time; what the URL itself says goes first.
    """
    database: dict[str, Any] = env.db_url_config(url)
    database["CONN_MAX_AGE"] = None
    database["CONN_HEALTH_CHECKS"] = False
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = {
            "connect_timeout": 2,
            "tcp_user_timeout": 3000,
            "options": "-c lock_timeout=4s",
            **database.get("OPTIONS", {}),
        }
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        }
    return database


ORM_PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.orm",
    "OPTIONS": {
        "OUTBOX_SHARDS": OUTBOX_SHARDS,
        "CONNECTIONS": env.int("DATABASE_CONNECTIONS", 16),
    },
}
MEMORY_PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.memory",
    "OPTIONS": {"OUTBOX_SHARDS": OUTBOX_SHARDS},
}
LOCAL_EVENTS = {"BACKEND": "infra_backends.events.local"}
STATIC_CONFIG = {"BACKEND": "infra_backends.config.static"}


def local_identity(*, allow_mock_tokens: bool) -> dict[str, object]:
    return {
        "BACKEND": "infra_backends.identity.local",
        "OPTIONS": {
            "ACCEPT_DEVELOPMENT_TOKENS": allow_mock_tokens,
            "DISABLED_ACCOUNTS": DISABLED_ACCOUNTS,
        },
    }

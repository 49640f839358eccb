"""The backends that need nothing but this process and a database: SQLite's file, or PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import environ

from financial_api.kernel import environment
from financial_api.settings.base import DATA_DIR, DISABLED_ACCOUNTS, INSTALLED_APPS, OUTBOX_SHARDS
from financial_api.settings.secret_key import secret_key

SECRET_KEY = secret_key(DATA_DIR)


def _is_database(url: str) -> bool:
    """Return True for a database that all threads share, and options that its library knows."""
    try:
        found = environ.Env.db_url_config(url)
    except ValueError:
        return False
    if found["NAME"] in {"", ":memory:"} or "%" in found.get("HOST", ""):
        return False
    if found["ENGINE"] == "django.db.backends.sqlite3":
        return not found["HOST"] and "OPTIONS" not in found
    return found["ENGINE"] == "django.db.backends.postgresql" and _are_options(
        found.get("OPTIONS", {})
    )


def _are_options(options: Mapping[str, Any]) -> bool:
    import psycopg  # not for SQLite
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo("", **options)
    except psycopg.Error:
        return False
    return isinstance(options.get("connect_timeout", 0), int)


def orm_database(url: str) -> dict[str, object]:
    """Return Django's settings for the ORM backend's database at `url`.

    The backend finds out for itself, without a round trip, when an idle connection has died.

    SQLite: write-ahead log, every commit on disk, and writers that take the lock when they begin,
    since one that upgrades a read can only fail. PostgreSQL: a server that is away, or a lock that
    stays taken, is an answer within a request's time; what the URL itself says goes first.
    """
    database: dict[str, Any] = environ.Env.db_url_config(url)
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


INSTALLED_APPS = [*INSTALLED_APPS, "infra_backends.persistence.orm"]
DATABASES: dict[str, object] = {
    "default": orm_database(
        environment.url(
            "DATABASE_URL",
            schemes=("postgres", "postgresql", "sqlite"),
            is_whole=_is_database,
            may_be_empty=False,
        )
        or f"sqlite:///{DATA_DIR / 'financial_api.sqlite3'}"
    )
}

PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.orm",
    "OPTIONS": {
        "OUTBOX_SHARDS": OUTBOX_SHARDS,
        "CONNECTIONS": environment.whole("DATABASE_CONNECTIONS", 16, least=1, most=1000),
    },
}
EVENTS = {"BACKEND": "infra_backends.events.local"}
REMOTE_CONFIG = {"BACKEND": "infra_backends.config.static"}


def local_identity(*, allow_mock_tokens: bool) -> dict[str, object]:
    return {
        "BACKEND": "infra_backends.identity.local",
        "OPTIONS": {
            "ACCEPT_DEVELOPMENT_TOKENS": allow_mock_tokens,
            "DISABLED_ACCOUNTS": DISABLED_ACCOUNTS,
        },
    }

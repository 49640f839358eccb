"""The embedded default: SQLite, or the database DATABASE_URL names, and nothing else to install."""

from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import DATA_DIR, INSTALLED_APPS, LOCALHOST_ORIGINS, env
from financial_api.settings.embedded import (
    LOCAL_EVENTS,
    ORM_PERSISTENCE,
    SQLITE_URL,
    STATIC_CONFIG,
    local_identity,
    orm_database,
)
from financial_api.settings.hosts import hosts_by_default
from financial_api.settings.secret_key import own_secret_key
from financial_api.settings.whatsapp import messaging_settings

SECRET_KEY = env.str("SECRET_KEY", "") or own_secret_key(DATA_DIR)
ALLOW_MOCK_TOKENS = env.bool("ALLOW_MOCK_TOKENS", True)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=hosts_by_default(allow_mock_tokens=ALLOW_MOCK_TOKENS)
)
CORS_ALLOWED_ORIGIN_REGEXES = LOCALHOST_ORIGINS

INSTALLED_APPS = [*INSTALLED_APPS, "infra_backends.persistence.orm"]
DATABASES = {"default": orm_database(env.str("DATABASE_URL", SQLITE_URL))}

PERSISTENCE = ORM_PERSISTENCE
IDENTITY = local_identity(allow_mock_tokens=ALLOW_MOCK_TOKENS)
EVENTS = LOCAL_EVENTS
REMOTE_CONFIG = STATIC_CONFIG
MESSAGING = messaging_settings(on_terminal=True)

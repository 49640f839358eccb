"""For tests in the process: SQLite or DATABASE_URL, without throttling, a fixed secret."""

from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import DATA_DIR, INSTALLED_APPS, env
from financial_api.settings.embedded import (
    LOCAL_EVENTS,
    ORM_PERSISTENCE,
    STATIC_CONFIG,
    local_identity,
    orm_database,
)
from financial_api.settings.whatsapp import messaging_settings

SECRET_KEY = "only-for-tests"  # noqa: S105
THROTTLE = False
ALLOW_MOCK_TOKENS = True
ALLOW_CLEANUP = True

INSTALLED_APPS = [*INSTALLED_APPS, "infra_backends.persistence.orm"]
DATABASES = {"default": orm_database(env.str("DATABASE_URL", f"sqlite:///{DATA_DIR}/test.sqlite3"))}

PERSISTENCE = ORM_PERSISTENCE
IDENTITY = local_identity(allow_mock_tokens=True)
EVENTS = LOCAL_EVENTS
REMOTE_CONFIG = STATIC_CONFIG
MESSAGING = messaging_settings(on_terminal=True)

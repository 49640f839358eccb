"""The embedded default: SQLite, or the database DATABASE_URL names, and nothing else to install."""

import secrets

from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import DATA_DIR, INSTALLED_APPS, env
from financial_api.settings.embedded import (
    LOCAL_EVENTS,
    ORM_PERSISTENCE,
    SQLITE_URL,
    STATIC_CONFIG,
    local_identity,
    orm_database,
)

DATA_DIR.mkdir(parents=True, exist_ok=True)


def _own_secret_key() -> str:
    """Return a key that is made once and kept with the data, so that cursors outlive a restart."""
    path = DATA_DIR / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or _own_secret_key()
ALLOW_MOCK_TOKENS = env.bool("ALLOW_MOCK_TOKENS", True)
CORS_ALLOWED_ORIGIN_REGEXES = [r"^http://localhost(:\d+)?$"]

INSTALLED_APPS = [*INSTALLED_APPS, "infra_backends.persistence.orm"]
DATABASES = {"default": orm_database(env.str("DATABASE_URL", SQLITE_URL))}

PERSISTENCE = ORM_PERSISTENCE
IDENTITY = local_identity(allow_mock_tokens=ALLOW_MOCK_TOKENS)
EVENTS = LOCAL_EVENTS
REMOTE_CONFIG = STATIC_CONFIG

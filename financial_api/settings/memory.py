"""As `local`, but everything is kept in the memory of one process and gone with it."""

from financial_api.settings.base import INSTALLED_APPS as BASE_APPS
from financial_api.settings.local import *  # noqa: F403
from financial_api.settings.local import OUTBOX_SHARDS

INSTALLED_APPS = BASE_APPS
DATABASES = {}
PERSISTENCE = {
    "BACKEND": "infra_backends.persistence.memory",
    "OPTIONS": {"OUTBOX_SHARDS": OUTBOX_SHARDS},
}

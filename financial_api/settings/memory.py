"""As `local`, but everything is kept in the memory of one process and gone with it."""

from financial_api.settings.base import INSTALLED_APPS as BASE_APPS
from financial_api.settings.embedded import MEMORY_PERSISTENCE
from financial_api.settings.local import *  # noqa: F403

INSTALLED_APPS = BASE_APPS
DATABASES = {}
PERSISTENCE = MEMORY_PERSISTENCE

"""For development: SQLite, or the database DATABASE_URL names, and development tokens."""

from financial_api.kernel import environment
from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import LOCALHOST_ORIGINS
from financial_api.settings.embedded import *  # noqa: F403
from financial_api.settings.embedded import local_identity
from financial_api.settings.hosts import hosts_served
from financial_api.settings.whatsapp import messaging_settings

ALLOW_MOCK_TOKENS = environment.boolean("ALLOW_MOCK_TOKENS", True)
ALLOWED_HOSTS = hosts_served(allow_mock_tokens=ALLOW_MOCK_TOKENS)
CORS_ALLOWED_ORIGIN_REGEXES = LOCALHOST_ORIGINS

IDENTITY = local_identity(allow_mock_tokens=ALLOW_MOCK_TOKENS)
MESSAGING = messaging_settings(on_terminal=True)

"""For production without AWS: PostgreSQL, or SQLite on one machine. No development tokens."""

from financial_api.kernel.environment import InvalidSettings
from financial_api.settings.base import *  # noqa: F403
from financial_api.settings.base import ALLOW_MOCK_TOKENS
from financial_api.settings.embedded import *  # noqa: F403
from financial_api.settings.embedded import local_identity
from financial_api.settings.whatsapp import messaging_settings

if ALLOW_MOCK_TOKENS:
    raise InvalidSettings(
        "ALLOW_MOCK_TOKENS is on, but financial_api.settings.server never takes development "
        "tokens: switch it off, or take financial_api.settings.local."
    )

IDENTITY = local_identity(allow_mock_tokens=False)
MESSAGING = messaging_settings(on_terminal=False)

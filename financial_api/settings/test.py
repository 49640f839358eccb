"""For tests in the process: as `local`, without throttling."""

from financial_api.settings.local import *  # noqa: F403
from financial_api.settings.local import local_identity

THROTTLE = False
ALLOW_MOCK_TOKENS = True
ALLOW_CLEANUP = True

IDENTITY = local_identity(allow_mock_tokens=True)

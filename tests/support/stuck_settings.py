"""As `local`, with a door in front of one path: how a test has a server's threads get stuck."""

from financial_api.settings.local import *  # noqa: F403
from financial_api.settings.local import MIDDLEWARE as LOCAL_MIDDLEWARE

MIDDLEWARE = [*LOCAL_MIDDLEWARE, "tests.support.stuck.Middleware"]

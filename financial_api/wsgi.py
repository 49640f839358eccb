"""The WSGI application: refuses to start misconfigured, and starts this process's own relay."""

import os
from collections.abc import Callable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")

_django = get_wsgi_application()

from infra_backends.checks import refuse_to_start  # noqa: E402  # the apps must be ready first
from outbox import wakeup  # noqa: E402

refuse_to_start()
wakeup.start()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer one request with its whole body at once, which spares the server streaming it."""
    response = _django(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        response.close()

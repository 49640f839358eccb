"""The WSGI application: refuses to start misconfigured, and starts this process's own relay."""

import encodings.unicode_escape  # noqa: F401  # Django wants it at the first refusal
import gc
import os
from collections.abc import Callable
from typing import Any, cast

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

from financial_api.api.requests import Request
from financial_api.kernel.environment import refusing

# What is loaded from here on stays. To look for garbage among it would take a fifth of the time to
# start, and hold up requests later.
gc.disable()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")

with refusing(ImproperlyConfigured):
    django.setup(set_prefix=False)

    from infra_backends.checks import refuse_to_serve  # the apps must be ready first
    from outbox import wakeup

    refuse_to_serve()
wakeup.start()


class Application(WSGIHandler):
    """Answers a request with its whole body at once, which spares the server streaming it.

    Django's signals round a request are not sent: they look after database connections, which the
    ORM backend does by itself, and the others have none of. Nor is a script's prefix set, since no
    URL is ever made.
    """

    request_class = Request

    def answer(self, environ: dict[str, Any]) -> HttpResponse:
        return cast("HttpResponse", self.get_response(self.request_class(environ)))

    def __call__(  # type: ignore[override]  # the supertype's answer is a WSGI one only in effect
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> list[bytes]:
        response = self.answer(environ)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content]


application = Application()

gc.freeze()
gc.enable()

"""A Django view with nothing round it: what no endpoint can be faster than on this server.

`BARE_BODY` is what it answers. With `DJANGO_SETTINGS_MODULE` it is behind the middleware of those
settings, without behind none.
"""

import os

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

BODY = os.environ["BARE_BODY"].encode()


def answer(request: HttpRequest, card_id: str) -> HttpResponse:
    headers = {"Content-Length": str(len(BODY))}
    return HttpResponse(BODY, content_type="application/json", headers=headers)


urlpatterns = [path("v1/cards/<str:card_id>", answer)]

if "DJANGO_SETTINGS_MODULE" in os.environ:
    settings.ROOT_URLCONF = __name__
else:
    settings.configure(
        ROOT_URLCONF=__name__,
        SECRET_KEY="bare",
        ALLOWED_HOSTS=["*"],
        THREADS=64,
        PORT=int(os.environ["PORT"]),
        KEEP_ALIVE_SECONDS=60,
        TRUSTED_PROXIES=0,
    )

handler = get_wsgi_application()

from financial_api.serving.edge import Edge  # noqa: E402  # reads the settings

application = Edge(lambda environ: handler.get_response(WSGIRequest(environ)))

"""The schema, and a page to read and try it that loads nothing from elsewhere."""

from functools import cache
from importlib import resources
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from financial_api.api.responses import FileResponse
from financial_api.api.views import PublicViewSet
from financial_api.kernel.errors import NotFound

SCHEMA_FILE = settings.BASE_DIR / "openapi.yaml"
SCHEMA_MEDIA_TYPE = "application/yaml"
ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_FOLDER = Path(
    str(resources.files("drf_spectacular_sidecar")),
    "static/drf_spectacular_sidecar/swagger-ui-dist",
)
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_START = """\
window.onload = () => SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Financial API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
"""


class OpenApiFileViewSet(PublicViewSet):
    schema = None

    def retrieve(self, request: Request) -> HttpResponse:
        return HttpResponse(_schema_file(), content_type=SCHEMA_MEDIA_TYPE)


class DocsViewSet(PublicViewSet):
    schema = None

    def retrieve(self, request: Request) -> HttpResponse:
        response = HttpResponse(_PAGE)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    def asset(self, request: Request, name: str) -> HttpResponse:
        if name == "start.js":
            return _cached(HttpResponse(_START, content_type=ASSETS["swagger-ui-bundle.js"]))
        if name not in ASSETS:
            raise NotFound
        return _asset(name)


class FaviconViewSet(PublicViewSet):
    schema = None

    def retrieve(self, request: Request) -> HttpResponse:
        return _asset("favicon-32x32.png")


def _cached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "public, max-age=3600"
    return response


@cache
def _schema_file() -> bytes:
    return bytes(SCHEMA_FILE.read_bytes())


def _asset(name: str) -> HttpResponse:
    path = _FOLDER / name
    return _cached(FileResponse(path, _read(path), content_type=ASSETS[name]))


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()

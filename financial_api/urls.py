"""Every route there is. Anything else is an unknown route, for anyone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

import accounts.urls
import cards.urls
import outbox.urls
import transactions.urls
from financial_api.api.cleanup import CleanupViewSet
from financial_api.api.docs import DocsViewSet, FaviconViewSet, OpenApiFileViewSet
from financial_api.api.health import LivenessViewSet, ReadinessViewSet
from financial_api.api.metrics import MetricsViewSet
from financial_api.api.responses import response_to
from financial_api.kernel.errors import NotFound


def unknown_route(request: HttpRequest) -> HttpResponse:
    return response_to(NotFound("There is no such route."), request)


_VERSION_1 = [
    *cards.urls.urlpatterns,
    *transactions.urls.urlpatterns,
    *accounts.urls.urlpatterns,
    *outbox.urls.urlpatterns,
    path("admin/cleanup", CleanupViewSet.as_view({"post": "create"})),
]
"""As one list: a path that is not found in one of several is looked for in the next at a price."""

urlpatterns = [
    path("v1/", include(_VERSION_1)),
    path("health/liveness", LivenessViewSet.as_view({"get": "retrieve"})),
    path("health/readiness", ReadinessViewSet.as_view({"get": "retrieve"})),
    path("metrics", MetricsViewSet.as_view({"get": "retrieve"})),
    path("webhooks/", include("notifications.urls")),
    path("openapi.yaml", OpenApiFileViewSet.as_view({"get": "retrieve"})),
    path("docs", DocsViewSet.as_view({"get": "retrieve"})),
    path("docs/<str:name>", DocsViewSet.as_view({"get": "asset"})),
    path("favicon.ico", FaviconViewSet.as_view({"get": "retrieve"})),
    re_path("", unknown_route),
]

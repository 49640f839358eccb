"""Every route there is. Anything else is an unknown route, for anyone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

from financial_api.api.docs import DocsViewSet, FaviconViewSet, OpenApiFileViewSet
from financial_api.api.health import LivenessViewSet, ReadinessViewSet
from financial_api.api.metrics import MetricsViewSet
from financial_api.api.responses import response_to
from financial_api.kernel.errors import NotFound


def unknown_route(request: HttpRequest) -> HttpResponse:
    return response_to(NotFound("There is no such route."), request)


urlpatterns = [
    path("health/liveness", LivenessViewSet.as_view({"get": "retrieve"})),
    path("health/readiness", ReadinessViewSet.as_view({"get": "retrieve"})),
    path("metrics", MetricsViewSet.as_view({"get": "retrieve"})),
    path("v1/", include("accounts.urls")),
    path("v1/", include("cards.urls")),
    path("v1/", include("transactions.urls")),
    path("v1/", include("outbox.urls")),
    path("webhooks/", include("notifications.urls")),
    path("openapi.yaml", OpenApiFileViewSet.as_view({"get": "retrieve"})),
    path("docs", DocsViewSet.as_view({"get": "retrieve"})),
    path("docs/<str:name>", DocsViewSet.as_view({"get": "asset"})),
    path("favicon.ico", FaviconViewSet.as_view({"get": "retrieve"})),
    re_path("", unknown_route),
]

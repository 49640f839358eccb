"""The routes of the outbox and of cleanup, below `/v1`."""

from django.urls import path

from outbox.views import CleanupViewSet, OutboxViewSet

urlpatterns = [
    path("admin/outbox", OutboxViewSet.as_view({"get": "list"})),
    path("admin/outbox/<str:eventId>/redrive", OutboxViewSet.as_view({"post": "redrive"})),
    path("admin/cleanup", CleanupViewSet.as_view({"post": "create"})),
]

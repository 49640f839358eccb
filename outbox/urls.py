"""The routes of the outbox, below `/v1`."""

from django.urls import path

from outbox.views import OutboxViewSet

urlpatterns = [
    path("admin/outbox", OutboxViewSet.as_view({"get": "list"})),
    path("admin/outbox/<str:eventId>/redrive", OutboxViewSet.as_view({"post": "redrive"})),
]

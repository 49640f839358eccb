"""The routes of the WhatsApp gateway, below `/webhooks`."""

from django.urls import path

from notifications.views import GatewayHealthViewSet, GatewayViewSet

urlpatterns = [
    path("wpp-connect", GatewayViewSet.as_view({"post": "create"})),
    path("wpp-connect/health", GatewayHealthViewSet.as_view({"get": "retrieve"})),
]

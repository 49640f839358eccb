"""The cards' routes, below `/v1`."""

from django.urls import path

from cards.admin_views import AdminCardRequestViewSet, AdminCardViewSet
from cards.views import CardRequestViewSet, CardViewSet, OfferViewSet

_DECIDE = "admin/card-requests/<str:requestId>"
_CARD = "admin/users/<str:userSlug>/cards/<str:cardId>"

urlpatterns = [
    path("offers", OfferViewSet.as_view({"get": "list"})),
    path("cards", CardViewSet.as_view({"get": "list"})),
    path("cards/requests", CardRequestViewSet.as_view({"post": "create"})),
    path("cards/requests/<str:requestId>", CardRequestViewSet.as_view({"get": "retrieve"})),
    path("cards/<str:cardId>", CardViewSet.as_view({"get": "retrieve"})),
    path("admin/card-requests", AdminCardRequestViewSet.as_view({"get": "list"})),
    path(f"{_DECIDE}/approve", AdminCardRequestViewSet.as_view({"post": "approve"})),
    path(f"{_DECIDE}/reject", AdminCardRequestViewSet.as_view({"post": "reject"})),
    path(f"{_CARD}/suspend", AdminCardViewSet.as_view({"post": "suspend"})),
    path(f"{_CARD}/reactivate", AdminCardViewSet.as_view({"post": "reactivate"})),
    path(f"{_CARD}/cancel", AdminCardViewSet.as_view({"post": "cancel"})),
]

"""The transactions' routes, below `/v1`."""

from django.urls import path

from transactions.views import PaymentViewSet, PurchaseViewSet, TransactionViewSet

urlpatterns = [
    path("cards/<str:cardId>/transactions/purchases", PurchaseViewSet.as_view({"post": "create"})),
    path("cards/<str:cardId>/transactions/payments", PaymentViewSet.as_view({"post": "create"})),
    path("cards/<str:cardId>/transactions", TransactionViewSet.as_view({"get": "list"})),
]

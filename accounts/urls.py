"""The accounts' routes, below `/v1`."""

from django.urls import path

from accounts.admin_views import AdminScoreViewSet, AdminUserViewSet, AuditLogViewSet
from accounts.views import DashboardViewSet, UserViewSet

_USER = "admin/users/<str:userSlug>"

urlpatterns = [
    path("users", UserViewSet.as_view({"post": "create"})),
    path("dashboard", DashboardViewSet.as_view({"get": "retrieve"})),
    path(
        f"{_USER}/score",
        AdminScoreViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
    ),
    path(f"{_USER}/disable", AdminUserViewSet.as_view({"post": "disable"})),
    path(f"{_USER}/enable", AdminUserViewSet.as_view({"post": "enable"})),
    path("admin/audit-logs", AuditLogViewSet.as_view({"get": "list"})),
]

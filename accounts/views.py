"""HTTP to registration and the dashboard."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from rest_framework.request import Request

from accounts import examples, services
from accounts.presenters import present_dashboard, present_registration
from accounts.serializers import (
    DashboardSerializer,
    RegistrationAnswerSerializer,
    RegistrationInput,
)
from financial_api.api.responses import ContractResponse, json_response
from financial_api.api.schema import IF_MODIFIED_SINCE, IF_NONE_MATCH, either, operation
from financial_api.api.views import ApiViewSet
from financial_api.kernel.cache import Cache
from financial_api.kernel.encoding import dumps
from financial_api.kernel.errors import NotFound, VersionConflict
from infra_backends.exceptions import BackendUnavailable

COPY_USABLE_SECONDS = 300.0
"""How old a dashboard may be that is shown while the store is away."""

_copies: Cache[tuple[str, str], bytes] = Cache(
    "dashboards",
    BackendUnavailable,
    fresh_seconds=0,
    usable_seconds=COPY_USABLE_SECONDS,
    most=1000,
)


class UserViewSet(ApiViewSet):
    @operation(
        "registerUser",
        "Register the caller, or note its login",
        tag="Users",
        body=RegistrationInput,
        example=examples.REGISTRATION_INPUT,
        answers={
            201: (RegistrationAnswerSerializer, "Registered.", examples.REGISTRATION),
            200: (RegistrationAnswerSerializer, "Was registered.", examples.LOGIN),
        },
        errors=[VersionConflict],
    )
    def create(self, request: Request) -> HttpResponse:
        data = self.validated(RegistrationInput)
        registration = services.register(self.caller, data.get("email"))
        return json_response(
            present_registration(registration), 201 if registration.created else 200
        )


class DashboardViewSet(ApiViewSet):
    @operation(
        "getDashboard",
        "Everything the caller sees first",
        description=(
            "While the store is away, a copy of at most five minutes is the body of the 503, "
            "with `X-Stale-Data: true`."
        ),
        tag="Users",
        answers={
            200: (DashboardSerializer, "The dashboard.", examples.DASHBOARD),
            304: (None, "Not changed since.", None),
            503: (
                either("UnavailableDashboard", DashboardSerializer),
                "A stale copy, or SERVICE_UNAVAILABLE.",
                examples.DASHBOARD,
            ),
        },
        errors=[NotFound],
        parameters=[IF_NONE_MATCH, IF_MODIFIED_SINCE],
    )
    def retrieve(self, request: Request) -> HttpResponse:
        identity = self.caller.identity
        owner = (identity.ecosystem_id, identity.subject)
        try:
            dashboard = services.dashboard(identity)
        except BackendUnavailable:
            copy = _copies.peek(owner)
            if copy is None:
                raise
            return _stale(copy)
        body = dumps(present_dashboard(dashboard))
        _copies.put(owner, body)
        return _conditional(self.django_request, body)


def _stale(copy: bytes) -> HttpResponse:
    response = json_response(copy, 503)
    response["Retry-After"] = "1"
    response["X-Stale-Data"] = "true"
    return response


def _conditional(request: HttpRequest, body: bytes) -> HttpResponse:
    """Return the body, or 304 to a client that has it (RFC 9110, section 13.1.2).

    No other precondition counts: a date cannot tell changes of one second apart, and there is
    nothing to lose by an answer in full.
    """
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    tags = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    held = {tag.removeprefix("W/") for tag in tags}
    response = ContractResponse(status=304) if held & {etag, "*"} else json_response(body)
    response["ETag"] = etag
    return response

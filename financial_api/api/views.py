"""The base of every viewset: the order of checks, and the way from a request to a command."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from accounts.callers import Caller, is_ecosystem_id
from accounts.rules import is_admin
from financial_api.api.authentication import authenticate
from financial_api.api.body import read_object
from financial_api.api.query import parameter
from financial_api.api.responses import json_response, response_to
from financial_api.application import cleanup
from financial_api.application.commands import Outcome, Submission
from financial_api.kernel.encoding import dumps
from financial_api.kernel.errors import (
    Forbidden,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    ValidationError,
)
from financial_api.kernel.idempotency import IdempotencyKey, fingerprint
from financial_api.kernel.ids import is_id

R = TypeVar("R")
Choice = TypeVar("Choice", bound=StrEnum)

_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_NEGOTIATOR = DefaultContentNegotiation()
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class PublicViewSet(ViewSetMixin, APIView):
    """Answers anyone. Errors are raised from anywhere below and rendered here.

    Responses are plain Django ones: their bytes are made by presenters, or come out of the store,
    so REST framework's renderers would only be in the way.
    """

    security_scheme: ClassVar[str | None] = None
    """What its callers prove themselves by, as the OpenAPI document names it."""
    authentication_classes = ()
    permission_classes = ()

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Return the request without parsers and authenticators, which would read nothing here."""
        return Request(request, negotiator=_NEGOTIATOR)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing is negotiated: answers are JSON."""

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        return response_to(exc, self.django_request)

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        return response

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise MethodNotAllowed(headers={"Allow": ", ".join(self.allowed_methods)})

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    @property
    def django_request(self) -> HttpRequest:
        request: HttpRequest = self.request._request
        return request


class ApiViewSet(PublicViewSet):
    """Answers callers with a token, in the contract's order: 401, 403, then everything else."""

    security_scheme = "bearerAuth"
    needs_admin: ClassVar[bool] = False

    caller: Caller

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "OPTIONS":
            return
        self.caller = authenticate(self.django_request)
        admin = is_admin(self.caller.identity)
        if self.needs_admin and not admin:
            raise Forbidden("This needs the role admin.")
        # Replays are kept out as well: how far it has got would decide if they are still known.
        if not admin and request.method not in _SAFE_METHODS and cleanup.is_running():
            raise ServiceUnavailable("A cleanup is running.", retry_after=10)

    def validated(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the body's fields as `serializer` understands them; raise ValidationError."""
        return validated(serializer, read_object(self.django_request))

    def choice(self, name: str, choices: type[Choice]) -> Choice | None:
        """Return a query parameter that is one of `choices`, or None without it."""
        text = parameter(self.django_request, name)
        if text is None:
            return None
        try:
            return choices(text)
        except ValueError:
            valid = ", ".join(choices)
            raise ValidationError.of_field(name, f"must be one of {valid}") from None

    def text(self, name: str) -> str | None:
        """Return a query parameter that could be an identifier, or None without it."""
        text = parameter(self.django_request, name)
        if text is not None and not is_ecosystem_id(text):
            raise ValidationError.of_field(name, "must be 1 to 128 of A-Z a-z 0-9 _ - . : @")
        return text

    def path_id(self, name: str) -> str:
        """Return an identifier from the path; raise NotFound for what cannot be one."""
        text: str = self.kwargs[name]
        if not is_id(text):
            raise NotFound
        return text

    def path_slug(self) -> str:
        """Return the ecosystemId from the path; raise NotFound for what cannot be one."""
        text: str = self.kwargs["userSlug"]
        if not is_ecosystem_id(text):
            raise NotFound
        return text

    def idempotency_key(self) -> IdempotencyKey:
        """Return the caller's key; raise ValidationError when it is missing or malformed."""
        text = self.django_request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        if not _KEY.fullmatch(text):
            raise ValidationError.of_field(
                "Idempotency-Key", "this header is required, 1 to 64 visible ASCII characters"
            )
        return IdempotencyKey.of(self.caller.ecosystem_id, text)

    def submission(
        self, key: IdempotencyKey, validated: dict[str, Any], present: Callable[[R], Any]
    ) -> Submission[R]:
        """Return what a command needs of the request; `present` gives the answer's value."""
        match = self.django_request.resolver_match
        assert match is not None  # noqa: S101  # a view is only ever called for a route
        return Submission(
            key,
            fingerprint(f"{self.request.method} {match.route}", self.kwargs, validated),
            lambda result: dumps(present(result)),
        )

    def answer(self, outcome: Outcome[Any], status: int = 200) -> HttpResponse:
        """Return a command's answer: with `status` the first time, 200 when it is replayed."""
        response = json_response(outcome.body, 200 if outcome.replayed else status)
        if outcome.replayed:
            response["Idempotent-Replayed"] = "true"
        return response


class AdminViewSet(ApiViewSet):
    needs_admin = True


def validated(serializer: type[serializers.Serializer[Any]], value: Any) -> dict[str, Any]:
    """Return a value's fields as `serializer` understands them; raise ValidationError."""
    bound = serializer(data=value)
    if bound.is_valid():
        return dict(bound.validated_data)
    details = {field: _first(faults) for field, faults in bound.errors.items()}
    summary = "; ".join(f"{field}: {fault}" for field, fault in details.items())
    raise ValidationError(summary, details=details)


def _first(faults: Any) -> str:
    while not isinstance(faults, str | ErrorDetail):
        faults = next(iter(faults.values() if isinstance(faults, dict) else faults))
    return str(faults)

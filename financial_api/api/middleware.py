"""The outermost layer: identifiers, the deadline, and what every response carries."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from financial_api.api import metrics
from financial_api.api.context import EdgeContext
from financial_api.api.responses import reshaped, response_to
from financial_api.api.throttling import throttle
from financial_api.kernel import clock, deadline, log_context

_VERSIONED = re.compile(r"/v1(/|$)")


class EdgeMiddleware:
    """Wraps everything else, so that nothing leaves without the contract's headers and shapes.

    HEAD is answered with the headers GET would have had (RFC 9110, section 9.3.2).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = clock.monotonic()
        context = EdgeContext.of(request)
        request.edge = context  # type: ignore[attr-defined]
        with log_context.within(**context.log_fields):
            response = self._answer(request, context)
        metrics.count(request, response.status_code, clock.monotonic() - started_at)
        return response

    def _answer(self, request: HttpRequest, context: EdgeContext) -> HttpResponse:
        with deadline.within(deadline.REQUEST_SECONDS):
            response = reshaped(self._get_response(request), request)
        if _VERSIONED.match(request.path_info):
            try:
                _add_rate(response, context)
            except Exception as error:  # noqa: BLE001  # `response_to` logs it; else Django's page
                response = response_to(error, request)
            response["Cache-Control"] = "private, no-cache"
            _vary(response)
        response["X-Request-ID"] = context.request_id
        response["Content-Length"] = str(len(response.content))
        if _leaves_body_unread(request):
            response["Connection"] = "close"
        if request.method == "HEAD":
            response.content = b""
        return response


def _vary(response: HttpResponse) -> None:
    """Have caches tell callers and origins apart; what is usual is told in a usual way."""
    if response.headers.get("Vary", "origin") == "origin":
        response["Vary"] = "Authorization, Origin"
    else:
        patch_vary_headers(response, ["Authorization", "Origin"])


def _leaves_body_unread(request: HttpRequest) -> bool:
    """Return True when granian will hang up after this answer, so that it can say so.

    A refusal need not wait for a body, and what is left of one cannot be told from a next request.
    Other servers add such headers themselves, and may not be given them (PEP 3333).
    """
    announced = request.META.get("CONTENT_LENGTH", "0") not in {"", "0"}
    announced = announced or "HTTP_TRANSFER_ENCODING" in request.META
    unread = announced and not hasattr(request, "_body")
    return unread and request.META.get("SERVER_SOFTWARE") == "Granian"


def _add_rate(response: HttpResponse, context: EdgeContext) -> None:
    """Say where the caller stands; one nobody knows, where its address stands."""
    counting = throttle()
    if counting is None:
        return
    rate = context.rate or counting.failures(context.address)
    response["X-RateLimit-Limit"] = str(rate.limit)
    response["X-RateLimit-Remaining"] = str(rate.remaining)
    response["X-RateLimit-Reset"] = str(rate.resets_at)

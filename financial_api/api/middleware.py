"""The outermost layer: identifiers, the deadline, and what every response carries."""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from financial_api.api import access_log
from financial_api.api.context import EdgeContext
from financial_api.api.refusals import REFUSAL
from financial_api.api.responses import reshaped, response_to
from financial_api.api.throttling import throttle
from financial_api.kernel import clock, deadline, log_context

logger = logging.getLogger(__name__)

WHOLE_AT = "financial_api.whole_at"
"""Where an environ says since when a request is here as a whole, on the monotonic clock."""

_VERSIONED = re.compile(r"/v1(/|$)")


class EdgeMiddleware:
    """Wraps everything else, so that nothing leaves without the contract's headers and shapes.

    HEAD is answered with the headers GET would have had (RFC 9110, section 9.3.2).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = request.META.get(WHOLE_AT) or clock.monotonic()
        context = EdgeContext.of(request)
        request.edge = context  # type: ignore[attr-defined]
        with log_context.within(**context.log_fields):
            response = self._answer(request, context)
            _note(request, response, clock.monotonic() - started_at)
        return response

    def _answer(self, request: HttpRequest, context: EdgeContext) -> HttpResponse:
        try:
            with deadline.within(deadline.REQUEST_SECONDS):
                response = reshaped(self._get_response(request), request)
            _add_rate(request, response, context)
        except Exception as error:  # noqa: BLE001  # `response_to` logs it; else Django's page
            response = response_to(error, request)
        if _is_versioned(request):
            response["Cache-Control"] = "private, no-cache"
            _vary(response)
        response["X-Request-ID"] = context.request_id
        if response.status_code != HTTPStatus.NOT_MODIFIED:  # RFC 9110, section 8.6
            response["Content-Length"] = str(len(response.content))
        if request.method == "HEAD":
            response.content = b""
        return response


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count and log a request; what only watches may break no answer."""
    try:
        access_log.note(request, response.status_code, seconds)
    except Exception:
        logger.exception("a request could not be counted")


def _is_versioned(request: HttpRequest) -> bool:
    return _VERSIONED.match(request.path_info) is not None


def _vary(response: HttpResponse) -> None:
    """Have caches tell callers and origins apart; what is usual is told in a usual way."""
    if response.headers.get("Vary", "origin") == "origin":
        response["Vary"] = "Authorization, Origin"
    else:
        patch_vary_headers(response, ["Authorization", "Origin"])


def _add_rate(request: HttpRequest, response: HttpResponse, context: EdgeContext) -> None:
    """Say where the caller stands; one nobody knows, where its address stands.

    Not where the server refuses for want of room: nobody was asked then, nor may this be.
    """
    if REFUSAL in request.META or not _is_versioned(request):
        return
    counting = throttle()
    if counting is None:
        return
    rate = context.rate or counting.failures(context.address)
    response["X-RateLimit-Limit"] = str(rate.limit)
    response["X-RateLimit-Remaining"] = str(rate.remaining)
    response["X-RateLimit-Reset"] = str(rate.resets_at)

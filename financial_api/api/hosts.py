"""Which hosts are served."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from financial_api.api.context import context_of
from financial_api.api.responses import error_response
from financial_api.kernel.errors import ValidationError


class HostMiddleware:
    """Refuses a request for a host that ALLOWED_HOSTS does not name, with 400.

    Listening on loopback keeps no browser of that machine out: a page of any site can have the
    site's own name lead there, and then read what it is answered (DNS rebinding).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "*" in settings.ALLOWED_HOSTS:
            return self._get_response(request)
        try:
            request.get_host()
        except DisallowedHost:
            refusal = ValidationError(
                "This host is not served; ALLOWED_HOSTS names those that are."
            )
            return error_response(refusal, context_of(request))
        return self._get_response(request)

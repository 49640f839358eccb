"""Which hosts are served."""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from financial_api.api.context import context_of
from financial_api.api.probes import PROBES
from financial_api.api.responses import error_response
from financial_api.kernel.errors import ValidationError

_ADDRESS = re.compile(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])?(:\d{0,5})?", re.ASCII)
"""An IP address with a port or without; HTTP/1.0 need not name a host at all."""


class HostMiddleware:
    """Refuses a request for a host that ALLOWED_HOSTS does not name, with 400.

    Listening on loopback keeps no browser of that machine out: a page of any site can have the
    site's own name lead there, and then read what it is answered (DNS rebinding). Whoever watches
    the process, such as a balancer, asks it by its address, which no site can make its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "*" in settings.ALLOWED_HOSTS or _is_probe_by_address(request):
            return self._get_response(request)
        try:
            request.get_host()
        except DisallowedHost:
            refusal = ValidationError(
                "This host is not served; ALLOWED_HOSTS names those that are."
            )
            return error_response(refusal, context_of(request))
        return self._get_response(request)


def _is_probe_by_address(request: HttpRequest) -> bool:
    host: str = request.META.get("HTTP_HOST", "")
    return request.path_info in PROBES and _ADDRESS.fullmatch(host) is not None

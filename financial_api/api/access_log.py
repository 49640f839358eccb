"""What each request leaves behind: its count, and a line in the log where those are on."""

import functools
import logging
import re
import time
from collections.abc import Mapping

from django.http import HttpRequest
from django.urls import resolve

from financial_api.api.probes import PROBES
from financial_api.api.refusals import REFUSAL
from financial_api.kernel import log_context, metrics, standard_error
from financial_api.kernel.log_lines import CleanRecord

LOGGER = "financial_api.access"
logger = logging.getLogger(LOGGER)

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "DELETE"})
UNKNOWN = "unknown"


def note(request: HttpRequest, status: int, seconds: float) -> None:
    """Log a request, and count it, under names that no client can choose.

    Of probes only those that fail leave a line: the others would be most of the log.
    """
    match = request.resolver_match
    if match is None and REFUSAL in request.META:
        match = resolve(request.path_info)
    route = _template(match.route if match else "")
    method = request.method if request.method in _METHODS else UNKNOWN
    if logger.isEnabledFor(logging.INFO) and (status >= 400 or route not in PROBES):
        told = (method, route, status, round(seconds * 1000, 1))
        standard_error.log_soon(functools.partial(_log, time.time(), log_context.current(), *told))
    metrics.count_request(method, route, status, seconds)


def _log(
    at: float,
    context: Mapping[str, object],
    method: str,
    route: str,
    status: int,
    milliseconds: float,
) -> None:
    message = f"{method} {route} {status} {milliseconds} ms"
    fields = {"method": method, "route": route, "status": status, "milliseconds": milliseconds}
    logger.handle(CleanRecord(LOGGER, logging.INFO, message, fields, context, at))


@functools.lru_cache
def _template(route: str) -> str:
    """Return a route as the OpenAPI document writes it; one word for all that is none."""
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route) if route else UNKNOWN

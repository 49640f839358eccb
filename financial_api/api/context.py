"""What the edge knows of a request before anyone reads it."""

import re
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest

from financial_api.api.throttling import Rate
from financial_api.kernel import addresses, clock, ids, log_context
from financial_api.kernel.log_lines import redacted
from financial_api.kernel.loopback import is_loopback

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}"
)
_PROXYS_TRACE = re.compile(
    r"(UNREAD_)?HTTP_((X_)?FORWARDED|X_ORIGINAL_|CF_|X_ENVOY_|TAILSCALE_|X_AZURE_|X_ARR_|X_VERCEL_|X_AMZ_CF_"
    r"|(VIA|CDN_LOOP|X_AMZN_TRACE_ID|X_CLOUD_TRACE_CONTEXT|X_VARNISH|X_SCHEME|X_REQUEST_START"
    r"|PROXY_CONNECTION|MAX_FORWARDS|SURROGATE_CAPABILITY|FRONT_END_HTTPS)$"
    r"|\w*(_|CLIENT|SOCKET)IP$)"
)
"""How WSGI names the headers that proxies, tunnels and load balancers add, read or unread."""
_OLD_HTTP = {"HTTP/1.0", "HTTP/1"}  # the same, as granian writes it


@dataclass(slots=True)
class EdgeContext:
    """One request's identifiers and address; `rate` is filled in once somebody is counted."""

    request_id: str
    trace_id: str | None
    traceparent: str | None
    address: str
    rate: Rate | None = field(default=None)

    @classmethod
    def of(cls, request: HttpRequest) -> "EdgeContext":
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        traceparent = request.META.get("HTTP_TRACEPARENT", "")
        trace_id = _trace_id(traceparent)
        return cls(
            request_id=given if _VISIBLE_ASCII.fullmatch(given) else ids.new_id(clock.now()),
            trace_id=trace_id,
            traceparent=traceparent if trace_id else None,
            address=client_address(request),
        )

    @property
    def log_fields(self) -> dict[str, str]:
        """What a log line says of this request; an id of the client's own may be any text."""
        own = ids.is_id(self.request_id)
        request_id = self.request_id if own else redacted(self.request_id)
        return {"requestId": request_id, **log_context.trace(self.traceparent)}


def context_of(request: HttpRequest) -> EdgeContext:
    """Return the context the middleware made for a request."""
    context: EdgeContext = request.edge  # type: ignore[attr-defined]
    return context


def _trace_id(traceparent: str) -> str | None:
    """Return the trace id of a valid header, else None (W3C Trace Context, section 3.2)."""
    match = _TRACEPARENT.match(traceparent)
    if match is None or match["version"] == "ff":
        return None
    rest = traceparent[match.end() :]
    if rest and (match["version"] == "00" or not rest.startswith("-")):
        return None
    if not int(match["trace"], 16) or not int(match["span"], 16):
        return None
    return match["trace"] if len(traceparent) <= 256 else None


def client_address(request: HttpRequest) -> str:
    """Return the address the request came from."""
    meta = request.META
    connection, forwarded = meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", "")
    return addresses.client_address(connection, forwarded, settings.TRUSTED_PROXIES)


def is_from_this_machine(request: HttpRequest) -> bool:
    """Return True for what came over loopback without a trace of a proxy.

    A proxy on this machine connects from it for whoever asked. HTTP/1.0 is what nginx speaks to
    the server behind it, unless it is told otherwise.
    """
    meta = request.META
    forwarded = meta["SERVER_PROTOCOL"] in _OLD_HTTP or any(map(_PROXYS_TRACE.match, meta))
    return not forwarded and is_loopback(meta.get("REMOTE_ADDR", ""))

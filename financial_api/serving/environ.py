"""What a WSGI application is told of a request (PEP 3333), out of granian's RSGI scope."""

import io
import sys
from typing import Any

from granian.rsgi import Scope

Environ = dict[str, Any]

UNREAD = "UNREAD_"
UNREADABLE = "\ufffd"

_NOTHING = io.BytesIO()
_SAME_FOR_ALL: Environ = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input": _NOTHING,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
_WITHOUT_PREFIX = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def environ_of(scope: Scope) -> Environ:
    """Return a request's environ, with nothing for its body.

    A header that came several times is joined by commas (RFC 9110, section 5.3). Of one with an
    underscore in its name, which WSGI cannot tell from one with a hyphen, only the name is told,
    behind UNREAD: it may be the trace of a proxy. The scope keeps no value with a byte outside
    ASCII, which is UNREADABLE then.
    """
    server, _, port = scope.server.rpartition(":")
    environ = {
        **_SAME_FOR_ALL,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
    }
    headers = scope.headers
    for name in headers.keys():  # noqa: SIM118  # it is a list
        if "_" in name:
            environ[UNREAD + _key(name)] = ""
        else:
            values = headers.get_all(name)  # type: ignore[attr-defined]
            environ[_key(name)] = ", ".join(values) if values else UNREADABLE
    return environ


def has_body(environ: Environ) -> bool:
    """Return True for a request that announces a body (RFC 9112, section 6)."""
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in _WITHOUT_PREFIX else f"HTTP_{key}"


def _latin(path: str) -> str:
    """Return a path as WSGI has it, each byte of its UTF-8 a character."""
    return path if path.isascii() else path.encode().decode("latin-1")

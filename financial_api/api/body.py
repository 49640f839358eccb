"""Reading a request's body: JSON, an object, of bounded size and depth."""

import codecs
import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from financial_api.kernel.encoding import RepeatedName, loads
from financial_api.kernel.errors import UnsupportedMediaType, ValidationError

DEEPEST = 32

_WORD = r"[!#$%&'*+.^_`|~0-9a-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_CHARSET = r'charset=(?:utf-?8|"utf-?8")'
_PARAMETER = rf"{_CHARSET}|(?!charset[=*]){_WORD}=(?:{_WORD}|{_QUOTED})"
_JSON = re.compile(
    rf"application/json(?:[ \t]*;(?:[ \t]*(?:{_PARAMETER}))?)*[ \t]*", re.IGNORECASE | re.ASCII
)
"""A Content-Type of JSON (RFC 9110, section 8.3.1): in UTF-8 and nothing else (RFC 8259, 8.1)."""


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in the body, `{}` for an empty one; a byte-order mark is no part.

    Raises UnsupportedMediaType, or ValidationError for anything else that is wrong with it.
    """
    body = _read(request).removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        return {}
    _check_encoding(request)
    try:
        value = loads(body.decode())
    except RepeatedName:
        raise ValidationError("The body gives a name twice in one object.") from None
    except (ValueError, RecursionError):
        raise ValidationError("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise ValidationError("The body must be a JSON object.")
    _check_depth(value)
    return value


def _read(request: HttpRequest) -> bytes:
    """Return the body; raise ValidationError for one that is too large, or did not come whole."""
    limit: int = settings.MAX_BODY_BYTES
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > limit:
        raise _over(limit)
    try:
        if not length and request.META.get("HTTP_TRANSFER_ENCODING"):
            return _read_chunked(request, limit)
        body = request.body
    except OSError:
        raise ValidationError("The body ended early.") from None
    if length.isdecimal() and len(body) < int(length):
        raise ValidationError("The body ended early.")
    return body


def _read_chunked(request: HttpRequest, limit: int) -> bytes:
    """Return a body of unannounced length, where the server can tell where it ends.

    A blank one is refused: it may be the beginning of one that was cut off.
    """
    if not request.META.get("wsgi.input_terminated"):
        raise ValidationError("Send the body with a Content-Length.")
    body: bytes = request.META["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise _over(limit)
    if not body.removeprefix(codecs.BOM_UTF8).strip():
        raise ValidationError("The body is empty; send none at all, or its Content-Length.")
    return body


def _over(limit: int) -> ValidationError:
    return ValidationError(f"The body is over {limit} bytes.")


def _check_encoding(request: HttpRequest) -> None:
    """Raise UnsupportedMediaType for what is not plain JSON; no type at all counts as JSON."""
    media_type = request.META.get("CONTENT_TYPE")
    if media_type and not _JSON.fullmatch(media_type):
        raise UnsupportedMediaType
    coding = request.META.get("HTTP_CONTENT_ENCODING")
    if coding and coding.lower() != "identity":
        # RFC 9110, section 15.5.16, has the answer name what would do.
        raise UnsupportedMediaType(headers={"Accept-Encoding": "identity"})


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ValidationError(f"The body is nested deeper than {DEEPEST}.")

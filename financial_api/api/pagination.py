"""Pages: the limit, and cursors that only the service can make."""

import re
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest

from financial_api.api.query import parameter
from financial_api.kernel.errors import ValidationError

DEFAULT_LIMIT = 20
MOST = 100
_LONGEST_CURSOR = 1024


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: `after` a position of the store's own, at most `limit` rows.

    `scope` says what is being paged through, so that a cursor fits nothing else.
    """

    after: str | None
    limit: int
    scope: str

    @classmethod
    def of(cls, request: HttpRequest, *scope: object) -> "PageRequest":
        """Return what a request's `limit` and `cursor` ask for; raise ValidationError."""
        described = "/".join(map(str, scope))
        return cls(_after(request, described), _limit(request), described)

    def answer(self, next_position: str | None) -> dict[str, Any]:
        """Return the `pagination` of an answer."""
        cursor = None
        if next_position is not None:
            cursor = signing.dumps(next_position, salt=self.scope)
        return {"nextCursor": cursor, "hasMore": cursor is not None}


def _limit(request: HttpRequest) -> int:
    text = parameter(request, "limit")
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MOST:
        raise ValidationError.of_field("limit", f"must be from 1 to {MOST}")
    return int(text)


def _after(request: HttpRequest, scope: str) -> str | None:
    text = parameter(request, "cursor")
    if text is None:
        return None
    try:
        if len(text) > _LONGEST_CURSOR:
            raise signing.BadSignature
        position: str = signing.loads(text, salt=scope)
    except signing.BadSignature:
        raise ValidationError.of_field("cursor", "is not one of this list's") from None
    return position

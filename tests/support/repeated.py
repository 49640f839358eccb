"""Requests in which a header comes twice, and how each is refused."""

from accounts.development_tokens import issue
from tests.support.raw_http import request

_TOKEN = f"Authorization: Bearer {issue('user-001')}"
_HEADERS_AND_STATUS = {
    ("Idempotency-Key: a", "Idempotency-Key: b", "Content-Type: application/json"): 400,
    ("Idempotency-Key: a", "Idempotency-Key: a", "Content-Type: application/json"): 400,
    ("Idempotency-Key: a", "Content-Type: application/json", "content-type: text/plain"): 415,
    ("Idempotency-Key: a", "Authorization: Bearer nobodys"): 401,
}
REPEATED = [
    (
        request("POST", "/v1/cards/requests", _TOKEN, *lines, "Content-Length: 2", body=b"{}"),
        status,
    )
    for lines, status in _HEADERS_AND_STATUS.items()
]

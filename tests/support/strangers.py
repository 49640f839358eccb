"""Clients that a server is not to be troubled by: they send half of something, or nothing."""

import contextlib
import secrets
from collections.abc import Iterator
from itertools import islice

from accounts.development_tokens import issue
from tests.support.crowds import LIVENESS, Crowd, kept_request
from tests.support.servers import RunningServer

CROWD = 300
USERS = "/v1/users"
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


def authorized(user: str) -> str:
    return f"Authorization: Bearer {issue(user)}"


def tokens() -> Iterator[str]:
    """Yield the header that a stranger is let in by, ever another."""
    while True:
        yield authorized(f"slow-{secrets.token_hex(6)}")


def half_sent(*headers: str, target: str = USERS) -> bytes:
    """Return a head, and one of the two bytes of a body."""
    return kept_request("POST", target, JSON, "Content-Length: 2", *headers, body=b"{")


def half_sent_in_chunks(*headers: str) -> bytes:
    return kept_request("POST", USERS, JSON, CHUNKED, *headers, body=b"1\r\n{\r\n")


def whole(*headers: str, target: str = USERS) -> bytes:
    return half_sent(*headers, target=target) + b"}"


def of_one_user() -> list[bytes]:
    return [half_sent(next(tokens()))] * CROWD


def of_as_many_users() -> list[bytes]:
    return [half_sent(token) for token in islice(tokens(), CROWD)]


def of_nobody() -> list[bytes]:
    return [half_sent(f"Authorization: Bearer {secrets.token_hex(40)}") for _ in range(CROWD)]


def in_chunks() -> list[bytes]:
    return [half_sent_in_chunks(token) for token in islice(tokens(), CROWD)]


HALF_BODIES = {
    "of one user": (of_one_user, 8),
    "of as many users": (of_as_many_users, CROWD),
    "of forged tokens": (of_nobody, 0),
    "in chunks": (in_chunks, CROWD),
}
"""Crowds of half-sent bodies, and how many of each a server waits for."""


@contextlib.contextmanager
def strangers(server: RunningServer) -> Iterator[None]:
    """Have clients there of which none is being served."""
    half_a_body = half_sent(authorized("a-stranger"))
    half_a_head = half_a_body[:40]
    served = kept_request("GET", LIVENESS)
    with (
        Crowd(server.url, [b"", half_a_head, half_a_body] * 4),
        Crowd(server.url, [served] * 4) as kept,
    ):
        kept.answers(4)
        yield

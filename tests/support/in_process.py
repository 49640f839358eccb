"""The HTTP edge within the test's own process: middleware, views and all, but for the socket.

For what a server process cannot be asked for: the clock to move, the store to break. Answers are
held against the OpenAPI document as those of a real server are.
"""

import contextlib
import functools
import math
from collections.abc import Iterator
from typing import TypeVar

import httpx
from django.core.handlers.wsgi import WSGIHandler

from accounts import views
from financial_api.api import authentication
from financial_api.application import cleanup
from tests.support.api import Api
from tests.support.caches import settle

C = TypeVar("C", bound=Api)

URL = "http://localhost"

_CACHES = (
    authentication._records,
    authentication._provider_flags,
    cleanup._flag,
    views._copies,
)


def in_process(client: C) -> C:
    """Return a client of `URL`, which this process answers from now on."""
    headers = client.http.headers
    client.http.close()
    transport = httpx.WSGITransport(_application(), remote_addr=client.address)
    client.http = httpx.Client(transport=transport, base_url=client.base_url, headers=headers)
    return client


@contextlib.contextmanager
def nothing_cached() -> Iterator[None]:
    """Begin and end as a process that has just started; it may count time in its own way."""
    forget()
    try:
        yield
    finally:
        forget()


def forget() -> None:
    """Forget all that the edge keeps in this process, as one that starts afresh."""
    settle()
    for cache in _CACHES:
        cache._slots.clear()
        cache._failed_at = -math.inf


@functools.cache
def _application() -> WSGIHandler:
    return WSGIHandler()

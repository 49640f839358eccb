"""A server of keys as it fails: what may come of a call, at what httpx sends it by."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn
from unittest import mock

import httpx

from financial_api.kernel import clock
from tests.support.breaking import Outage

Send = Callable[[], httpx.Response]


@dataclass(frozen=True, slots=True)
class KeyFault:
    name: str
    play: Callable[[httpx.Request, Send], httpx.Response]
    """Returns the answer to a request, or raises what httpx raises where there is none."""


@contextlib.contextmanager
def failing(fault: KeyFault, outage: Outage) -> Iterator[None]:
    """Have what httpx calls from this process fail in this way for as long as the outage lasts."""
    send = httpx.HTTPTransport.handle_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if outage.befalls(request.url.path):
            return fault.play(request, lambda: send(transport, request))
        return send(transport, request)

    with mock.patch.object(httpx.HTTPTransport, "handle_request", handle):
        yield


def _wait(request: httpx.Request, step: str, error: type[httpx.TransportError]) -> NoReturn:
    clock.sleep(request.extensions["timeout"][step])
    raise error("played")


def _never_connect(request: httpx.Request, _: Send) -> NoReturn:
    _wait(request, "connect", httpx.ConnectTimeout)


def _wait_in_vain(request: httpx.Request, send: Send) -> NoReturn:
    send().close()
    _wait(request, "read", httpx.ReadTimeout)


def _hang_up(_: httpx.Request, send: Send) -> NoReturn:
    send().close()
    raise httpx.RemoteProtocolError("played")


def _cut_short(_: httpx.Request, send: Send) -> httpx.Response:
    answer = send()
    content = answer.read()
    answer.close()
    return httpx.Response(200, content=content[: len(content) // 2])


def _status(status: int) -> Callable[[httpx.Request, Send], httpx.Response]:
    return lambda *_: httpx.Response(status)


WITHOUT_ANSWER = [
    KeyFault("no connection in time", _never_connect),
    KeyFault("no answer in time", _wait_in_vain),
    KeyFault("connection closed", _hang_up),
]
WITH_ANOTHER_ANSWER = [
    KeyFault("throttled", _status(429)),
    KeyFault("unavailable", _status(503)),
    KeyFault("conflict", _status(409)),
    KeyFault("cut short", _cut_short),
]

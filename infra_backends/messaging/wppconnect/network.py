"""Connections that give up when the deadline of the thread that uses them is over.

A timeout for each read does not bound an answer that comes byte by byte.
"""

import ssl
from collections.abc import Iterable
from typing import Any

from httpcore import (
    SOCKET_OPTION,
    ConnectTimeout,
    NetworkBackend,
    NetworkStream,
    ReadTimeout,
    SyncBackend,
    TimeoutException,
    WriteTimeout,
)

from financial_api.kernel import deadline


class Network(NetworkBackend):
    """Connects by TCP; looking up a name takes as long as the system lets it."""

    def __init__(self) -> None:
        self._network = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        seconds = _seconds(timeout, ConnectTimeout)
        return _Stream(
            self._network.connect_tcp(host, port, seconds, local_address, socket_options)
        )


class _Stream(NetworkStream):
    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _seconds(timeout, ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _seconds(timeout, WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        seconds = _seconds(timeout, ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _seconds(timeout: float | None, over: type[TimeoutException]) -> float:
    """Return the timeout, or what the deadline leaves of it; raise `over` if that is nothing."""
    remaining = deadline.remaining()
    if remaining <= 0:
        raise over
    return remaining if timeout is None else min(timeout, remaining)

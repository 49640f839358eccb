"""A client that costs next to nothing, so that what is measured is the server."""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


def request_bytes(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """A connection that is kept; one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        self.send(request)
        return self.receive()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes]:
        """Return status and body of the answer to what was sent."""
        received = b""
        while _END_OF_HEAD not in received:
            received += self._more()
        head, _, body = received.partition(_END_OF_HEAD)
        length = int(head.lower().partition(_LENGTH)[2].partition(b"\r")[0])
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), body

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        return data


@contextlib.contextmanager
def connected(url: str) -> Iterator[Connection]:
    connection = Connection(url)
    try:
        yield connection
    finally:
        connection.close()


def seconds_each(connection: Connection, requests: list[bytes], status: int) -> float:
    """Return how long one request took on average; fail on any other status."""
    started = time.perf_counter()
    for request in requests:
        answered, body = connection.ask(request)
        assert answered == status, body
    return (time.perf_counter() - started) / len(requests)

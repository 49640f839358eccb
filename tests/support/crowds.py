"""Crowds of clients: thousands of connections at once, held by the one thread that made them."""

import contextlib
import resource
import selectors
import socket
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx

from tests.support.api import Customer, eventually, new_address
from tests.support.document import check_answer
from tests.support.raw_http import Reply
from tests.support.servers import RunningServer

LIVENESS = "/health/liveness"
MOST_SECONDS = 60.0


class Crowd:
    """Connections of which each has said something, and what each has been told since."""

    def __init__(self, url: str, said: Iterable[bytes] = ()) -> None:
        """Connect once for each of what is said. Raises TimeoutError where not all are let in."""
        may_open_all()
        address = urlsplit(url)
        self._server = (address.hostname, address.port)
        self._address = new_address()
        self._told: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()
        try:
            self.join(said)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self, said: Iterable[bytes]) -> None:
        """Have more connections, one for each of what is said, all within a minute."""
        ends_at = time.monotonic() + MOST_SECONDS
        for each in said:
            left = max(0.001, ends_at - time.monotonic())
            connection = socket.create_connection(
                self._server, left, source_address=(self._address, 0)
            )
            self._told[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ)
            with contextlib.suppress(ConnectionError):  # it may refuse what it has not read
                connection.sendall(each)
            connection.setblocking(False)

    def say(self, said: bytes) -> None:
        """Have every connection that is still there say more."""
        for key in list(self._selector.get_map().values()):
            with contextlib.suppress(ConnectionError):
                key.fileobj.send(said)  # type: ignore[union-attr]  # they all are sockets

    def replies(self) -> list[Reply]:
        """Return what each connection has been told so far, in the order that they came in."""
        while ready := self._selector.select(0):
            for key, _ in ready:
                self._hear(key.fileobj)  # type: ignore[arg-type]
        return [Reply(told) for told in self._told.values()]

    def statuses(self) -> list[int]:
        """Return the statuses of all answers so far."""
        return [status for reply in self.replies() for status in reply.statuses]

    def waiting(self) -> int:
        """Return how many connections are there of which none has been answered."""
        self.replies()
        return sum(not self._told[key.fileobj] for key in self._selector.get_map().values())  # type: ignore[index]

    def answers(self, count: int) -> list[int]:
        """Return the statuses of all answers once there are so many; fail after a minute."""
        eventually(lambda: len(self.statuses()) >= count)
        return self.statuses()

    def is_gone(self) -> bool:
        """Return True once the server has hung up on everyone."""
        self.replies()
        return not self._selector.get_map()

    def close(self) -> None:
        self._selector.close()
        for connection in self._told:
            connection.close()

    def _hear(self, connection: socket.socket) -> None:
        part = b""
        with contextlib.suppress(ConnectionError):
            part = connection.recv(65_536)
        self._told[connection] += part
        if not part:
            self._selector.unregister(connection)


def may_open_all() -> None:
    """Let this process have as many files open as its hard limit allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def as_answer(reply: Reply, method: str, url: str) -> httpx.Response:
    """Return a reply as any client has it, which must be as the document says."""
    answer = httpx.Response(
        reply.status,
        headers=reply.headers,
        content=reply.body,
        request=httpx.Request(method, url),
    )
    check_answer(answer)
    return answer


def kept_request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """Return a request as it stands, after whose answer the connection is kept."""
    return (
        "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()
        + body
    )


def authorization(customer: Customer) -> str:
    return f"Authorization: {customer.http.headers['Authorization']}"


def live(server: RunningServer) -> httpx.Response:
    """Return what a server says of its liveness on a fresh connection."""
    return httpx.get(f"{server.url}{LIVENESS}", timeout=MOST_SECONDS)

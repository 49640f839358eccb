"""HTTP with the gateway: how long, how often, and what of an answer is taken.

By httpcore and not by httpx, which is built on it: that logs addresses, and an address holds a
secret here; and it leaves no say in how long a connection waits.
"""

import random
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore
import msgspec

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendUnavailable
from infra_backends.messaging.wppconnect.network import Network

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
WRITE_SECONDS = 5.0
POOL_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 3.0
"""Less than the 5 after which Node.js ends an idle connection, so that no message meets that."""
MOST_CONNECTIONS = 8
MOST_BYTES = 64 * 1024

TRIES = 3
FIRST_PAUSE = 0.2

BUSY = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
)
"""The gateway, or a proxy before it, has not taken the call."""
LATE = HTTPStatus.GATEWAY_TIMEOUT
"""A proxy no longer waits for the gateway, which may have done what it was asked all the same."""

_SUCCESS, _REFUSAL = 2, 4
"""The hundreds of the statuses that are answers."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask; `bears_repeating` if it does no harm that the gateway does it twice."""

    operation: str
    method: str
    path: str = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    bears_repeating: bool = True


class Body(msgspec.Struct):
    """What of the gateway's JSON matters here, whatever its types."""

    status: object = None
    message: object = None
    token: object = None


_decoder = msgspec.json.Decoder(Body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status from 200 to 299 or 400 to 499; `body` is None for what is no JSON object."""

    status: int
    body: Body | None = field(repr=False)

    @property
    def is_success(self) -> bool:
        return self.status // 100 == _SUCCESS


class Gateway:
    """A server at `base_url`. Connections are made when needed and shared by all threads."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._pool: httpcore.ConnectionPool | None = None
        self._lock = threading.Lock()

    def ask(self, call: Call, token: str | None = None) -> Answer:
        """Return the answer; asks up to three times, as long as the gateway did not take the call.

        Raises BackendUnavailable when there is none, or none within the deadline, and for
        redirects, server errors and answers without end. What it says of it is the kind of fault,
        never a word of the answer or of the call.
        """
        for number in range(TRIES - 1):
            try:
                return self._ask_once(call, token)
            except _NotTaken:
                pause = random.uniform(0, FIRST_PAUSE * 2**number)  # noqa: S311  # jitter
                if pause >= deadline.remaining():
                    raise
                clock.sleep(pause)
        return self._ask_once(call, token)

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _ask_once(self, call: Call, token: str | None) -> Answer:
        try:
            status, content = self._exchange(call, token)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise _NotTaken(f"{call.operation}: {type(error).__name__}") from None
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as error:  # whose texts may quote the answer, or a header of ours
            raise BackendUnavailable(f"{call.operation}: {type(error).__name__}") from None
        if status in BUSY or (status == LATE and call.bears_repeating):
            raise _NotTaken(f"{call.operation}: status {status}")
        if status // 100 not in {_SUCCESS, _REFUSAL}:
            raise BackendUnavailable(f"{call.operation}: status {status}")
        return Answer(status, _read(content))

    def _exchange(self, call: Call, token: str | None) -> tuple[int, bytes]:
        """Return the status and the body of one answer, which are whole."""
        with self._connections().stream(
            call.method,
            self._base_url + call.path,
            headers=self._headers(call, token),
            content=call.content,
            extensions={"timeout": _timeouts()},
        ) as response:
            content = bytearray()
            for chunk in response.iter_stream():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise BackendUnavailable(f"{call.operation}: more than {MOST_BYTES} bytes")
            return response.status, bytes(content)

    def _headers(self, call: Call, token: str | None) -> dict[str | bytes, str | bytes]:
        headers: dict[str | bytes, str | bytes] = {
            "Host": urlsplit(self._base_url).netloc,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "financial-api",
        }
        if call.content:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _connections(self) -> httpcore.ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = httpcore.ConnectionPool(
                    max_connections=MOST_CONNECTIONS,
                    keepalive_expiry=KEEP_ALIVE_SECONDS,
                    network_backend=Network(),
                )
            return self._pool


class _NotTaken(BackendUnavailable):
    """The gateway has not begun what it was asked, so that it can be asked again."""


def _timeouts() -> dict[str, float]:
    """Return the seconds for each step; the network takes the deadline into account by itself."""
    return {
        "connect": CONNECT_SECONDS,
        "read": READ_SECONDS,
        "write": WRITE_SECONDS,
        "pool": min(POOL_SECONDS, deadline.remaining()),
    }


def _read(content: bytes) -> Body | None:
    try:
        return _decoder.decode(content)
    except (ValueError, RecursionError):
        return None

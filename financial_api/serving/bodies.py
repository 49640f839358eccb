"""Bodies on their way: each is read before a thread is taken, and only so many for so long."""

import asyncio
import contextlib
import io
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from granian.rsgi import HTTPProtocol, ProtocolClosed  # type: ignore[attr-defined]

from financial_api.api.authentication import user_of
from financial_api.api.context import client_address
from financial_api.api.requests import Request
from financial_api.kernel.addresses import network_of
from financial_api.kernel.loopback import is_loopback
from financial_api.kernel.metrics import ShedReason
from financial_api.serving.environ import Environ
from financial_api.serving.shedding import Shed
from financial_api.serving.threads import Threads

IS_READ = "financial_api.body_is_read"
"""Where an environ says that nothing is left of its body."""

MOST = 1024
"""How many bodies may be on their way."""
MOST_OF_ADDRESS = 32
MOST_OF_USER = 8

AT_ONCE_SECONDS = 0.25
"""Within which a body counts as having come with its head, and is held against nobody."""


class Bodies:
    """Reads bodies, for none of which a thread waits."""

    def __init__(self, threads: Threads, loop: asyncio.AbstractEventLoop) -> None:
        self._threads = threads
        self._loop = loop
        self._end = loop.create_future()
        self._of_all: Counter[str] = Counter()
        self._of_addresses: Counter[str] = Counter()
        self._of_users: Counter[str] = Counter()

    def end(self) -> None:
        """Wait no longer for any."""
        self._end.set_result(None)

    async def read(self, environ: Environ, protocol: HTTPProtocol) -> None:
        """Put into a request's environ its body, or as much as shows that it is too large.

        Nothing of one that announces so; to read one that did not come as a whole, or not in time,
        raises OSError. Raises Shed where too many are on their way: at all, from its address, or
        with its user's token.
        """
        length = environ.get("CONTENT_LENGTH")
        if length is None or int(length) <= settings.MAX_BODY_BYTES:
            body = await self._body(environ, protocol)
            environ["wsgi.input"] = _Interrupted() if body is None else io.BytesIO(body)
            environ[IS_READ] = body is not None and len(body) <= settings.MAX_BODY_BYTES

    async def _body(self, environ: Environ, protocol: HTTPProtocol) -> bytes | None:
        """Return a body, None for one that does not come."""
        length = environ.get("CONTENT_LENGTH")
        reading = self._loop.create_task(_whole(protocol) if length else _up_to_limit(protocol))
        try:
            if not await self._is_done(reading, AT_ONCE_SECONDS):
                await self._wait(reading, Request(environ))
            return reading.result() if reading.done() else None
        finally:
            reading.cancel()

    async def _wait(self, reading: "asyncio.Task[bytes | None]", request: Request) -> None:
        """Give a body its time, in places of all, of its address and of its user."""
        ends_at = self._loop.time() + settings.BODY_SECONDS - AT_ONCE_SECONDS
        with (
            _place(self._of_all, "all", MOST, ShedReason.BODIES),
            _place(
                self._of_addresses, _network(request), MOST_OF_ADDRESS, ShedReason.BODIES_OF_ADDRESS
            ),
        ):
            user = await self._threads.do(lambda: user_of(request), is_urgent=True)
            with _place(self._of_users, user, MOST_OF_USER, ShedReason.BODIES_OF_USER):
                await self._is_done(reading, ends_at - self._loop.time())

    async def _is_done(self, reading: "asyncio.Task[bytes | None]", seconds: float) -> bool:
        await asyncio.wait(
            (reading, self._end), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        return reading.done()


class _Interrupted(io.RawIOBase):
    """What is left of a body that did not come."""

    def read(self, size: int = -1) -> bytes:
        raise OSError("the body ended early")


async def _whole(protocol: HTTPProtocol) -> bytes | None:
    """Return a body of announced length, None for one that is cut off."""
    try:
        return await protocol()
    except ProtocolClosed:
        return None


async def _up_to_limit(protocol: HTTPProtocol) -> bytes | None:
    """Return a body of unannounced length, or its beginning where that is over the limit.

    None for one that is cut off: granian gives an empty piece for the error, and one at the end.
    """
    body, ends = bytearray(), 0
    async for piece in protocol:
        body += piece
        ends += not piece
        if len(body) > settings.MAX_BODY_BYTES:
            break
    return bytes(body) if ends <= 1 else None


def _network(request: Request) -> str | None:
    """Return whose bodies a request's is one of; nobody's where all come from this machine."""
    address = client_address(request)
    return network_of(address) if settings.TRUSTED_PROXIES or not is_loopback(address) else None


@contextlib.contextmanager
def _place(taken: Counter[str], whose: str | None, most: int, reason: ShedReason) -> Iterator[None]:
    """Take one of somebody's places for a block; raise Shed where all are taken."""
    if whose is None:
        yield
        return
    if taken[whose] >= most:
        raise Shed(reason)
    taken[whose] += 1
    try:
        yield
    finally:
        taken[whose] -= 1
        if not taken[whose]:
            del taken[whose]

"""The RSGI application in front of Django: whoever has to wait, waits here and not in a thread."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]

from financial_api.api.middleware import WHOLE_AT
from financial_api.api.probes import LIVENESS, PROBES
from financial_api.api.refusals import REFUSAL
from financial_api.api.responses import FileResponse
from financial_api.kernel import clock, standard_error
from financial_api.kernel.errors import ServiceUnavailable
from financial_api.serving.bodies import IS_READ, Bodies
from financial_api.serving.environ import Environ, environ_of, has_body
from financial_api.serving.listeners import bound_writes
from financial_api.serving.threads import STUCK_SECONDS, Threads

PROBE_THREADS = 2
"""Who answers probes, however long users wait."""

STOP_SECONDS = 10
"""How long a worker may take to end once it is told to stop."""

BODY_STOP_SECONDS = 1.5
"""How long bodies may then still be on their way."""

WRITE_STOP_SECONDS = 0.3
"""How long nothing may have been under way, for the last answers to be written, until it ends."""


class Edge:
    """Has threads answer requests that are here as a whole, and refuses what is too much.

    Refusals and liveness are answered at once, from the event loop: `answer` may not wait there.
    A thread that ends calls `leave_thread` before.
    """

    def __init__(
        self,
        answer: Callable[[Environ], HttpResponse],
        leave_thread: Callable[[], None] = lambda: None,
    ) -> None:
        self._answer = answer
        self._leave_thread = leave_thread
        self._under_way = 0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = Threads(settings.THREADS, loop, self._leave_thread)
        self._probe_threads = Threads(PROBE_THREADS, loop, self._leave_thread)
        self._bodies = Bodies(self._threads, loop)
        self._leaving: asyncio.Task[None] | None = None
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        standard_error.have_a_thread_write()
        bound_writes(loop, settings.PORT, settings.KEEP_ALIVE_SECONDS)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        self._under_way += 1
        try:
            await self._handle(environ_of(scope), protocol)
        finally:
            self._under_way -= 1

    async def _handle(self, environ: Environ, protocol: HTTPProtocol) -> None:
        path = environ["PATH_INFO"]
        if path == LIVENESS:
            if self._threads.are_stuck:
                environ[REFUSAL] = _STUCK
            self._reply(environ, protocol)
            return
        threads = self._probe_threads if path in PROBES else self._threads
        try:
            if has_body(environ):
                await self._bodies.read(environ, protocol)
            environ[WHOLE_AT] = clock.monotonic()
            await threads.do(lambda: self._reply(environ, protocol))
        except Exception as error:  # noqa: BLE001  # answered with, and logged unless it sheds
            environ[REFUSAL] = error
            self._reply(environ, protocol)

    def _reply(self, environ: Environ, protocol: HTTPProtocol) -> None:
        """Answer, and hang up where a body was left unread: it looks like a next request."""
        response = self._answer(environ)
        if has_body(environ) and not environ.get(IS_READ):
            response["Connection"] = "close"
        status, headers = response.status_code, list(response.items())
        if isinstance(response, FileResponse) and response.content:  # to HEAD it has none
            protocol.response_file(status, headers, str(response.path))
        else:
            protocol.response_bytes(status, headers, response.content)

    def _stop(self) -> None:
        """Leave in good order, or be ended by the kernel (SIGALRM) where that takes too long."""
        if self._leaving is None:
            signal.alarm(STOP_SECONDS)
            self._leaving = self._loop.create_task(self._leave())

    async def _leave(self) -> None:
        """Let what is under way finish, and end the process if strangers keep granian from it.

        It waits for connections on which half a request's head has come, till their time is over.
        """
        _have_granian_stop()
        self._loop.call_later(BODY_STOP_SECONDS, self._bodies.end)
        idle_since = self._loop.time()
        while self._loop.time() - idle_since < WRITE_STOP_SECONDS:
            await asyncio.sleep(0.02)
            if self._under_way:
                idle_since = self._loop.time()
        self._loop.call_soon(sys.exit)


_STUCK = ServiceUnavailable(
    f"No request was finished for {STUCK_SECONDS:.0f} seconds, while some waited."
)


def _have_granian_stop() -> None:
    """Have granian's own handler run, which takes SIGINT like SIGTERM, and must run only once.

    That signal is blocked otherwise (`financial_api.serving.server`): a terminal sends it to every
    process, whose parent tells them by SIGTERM.
    """
    os.kill(os.getpid(), signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

"""The threads that answer requests, and the line of those that wait for one."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from financial_api.kernel.metrics import ShedReason
from financial_api.serving.shedding import Shed

R = TypeVar("R")

MOST_WAITING = 1024
"""How many may wait for a thread."""

WAIT_SECONDS = 2.0
"""How long each of them may."""

STUCK_SECONDS = 10.0
"""How long threads may finish nothing after something had to wait, until they count as stuck."""

NOTICE_SECONDS = 0.05
"""How soon it is noticed that work is done, or has waited too long, if nothing else happens."""


@dataclass(slots=True, eq=False)
class _Turn(Generic[R]):
    work: Callable[[], R]
    result: "asyncio.Future[R]"
    since: float
    is_urgent: bool


class Threads:
    """Does work in threads, of which there are as many as were ever busy at once.

    `do` and `are_stuck` are for the thread of the event loop.
    """

    def __init__(self, most: int, loop: asyncio.AbstractEventLoop) -> None:
        self._most = most
        self._loop = loop
        self._lock = threading.Lock()
        self._line: deque[_Turn[Any]] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Rung once for each that steps into the line."""
        self._finished: deque[tuple[Callable[..., None], asyncio.Future[Any], Any]] = deque()
        self._started = 0
        self._busy = 0
        self._undone = 0
        self._is_looked_after = False
        self._stuck_since: float | None = None

    @property
    def are_stuck(self) -> bool:
        """True when something had to wait, and nothing was finished in the ten seconds since."""
        since = self._stuck_since
        return since is not None and time.monotonic() - since > STUCK_SECONDS

    async def do(self, work: Callable[[], R], *, is_urgent: bool = False) -> R:
        """Return what `work` returns in a thread, at once if it is urgent, else a moment later.

        To wake the loop for each is a tenth of what a request costs. Raises Shed where too many
        wait for a thread, or this waited too long for one.
        """
        self._notice()
        if len(self._line) >= MOST_WAITING:
            raise Shed(ShedReason.REQUESTS)
        turn: _Turn[R] = _Turn(work, self._loop.create_future(), time.monotonic(), is_urgent)
        with self._lock:
            self._line.append(turn)
            is_short = len(self._line) > self._started - self._busy
            if is_short and self._started == self._most and self._stuck_since is None:
                self._stuck_since = turn.since
        if is_short and self._started < self._most:
            self._start()
        self._bell.put(None)
        self._undone += 1
        if not self._is_looked_after:
            self._is_looked_after = True
            self._loop.call_later(NOTICE_SECONDS, self._look_after)
        try:
            return await turn.result
        finally:
            self._undone -= 1

    def _start(self) -> None:
        self._started += 1
        name = f"request-{self._started}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._bell.get()
            with self._lock:
                if not self._line:  # who rang was sent away
                    continue
                turn = self._line.popleft()
                self._busy += 1
            finish, outcome = _outcome(turn.work)
            with self._lock:
                self._busy -= 1
                self._stuck_since = None
            self._finished.append((finish, turn.result, outcome))
            if turn.is_urgent:
                self._loop.call_soon_threadsafe(self._notice)

    def _look_after(self) -> None:
        """Notice what happened, as long as there is anything that may."""
        self._notice()
        self._send_away()
        self._is_looked_after = self._undone > 0
        if self._is_looked_after:
            self._loop.call_later(NOTICE_SECONDS, self._look_after)

    def _notice(self) -> None:
        while self._finished:
            finish, result, outcome = self._finished.popleft()
            finish(result, outcome)

    def _send_away(self) -> None:
        """Shed those that have waited too long."""
        latest = time.monotonic() - WAIT_SECONDS
        late = []
        with self._lock:
            while self._line and self._line[0].since <= latest:
                late.append(self._line.popleft())
        for turn in late:
            with contextlib.suppress(Empty):  # a thread has heard it, and will find nobody
                self._bell.get_nowait()
            _raise(turn.result, Shed(ShedReason.WAITED))


def _outcome(work: Callable[[], R]) -> tuple[Callable[..., None], R | BaseException]:
    try:
        return _return, work()
    except BaseException as error:  # noqa: BLE001  # raised where it is awaited
        return _raise, error


def _return(result: "asyncio.Future[R]", value: R) -> None:
    if not result.done():
        result.set_result(value)


def _raise(result: "asyncio.Future[Any]", error: BaseException) -> None:
    if not result.done():
        result.set_exception(error)

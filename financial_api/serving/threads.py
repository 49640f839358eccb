"""The threads that answer requests, and the line of those that wait for one."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from financial_api.kernel.metrics import ShedReason
from financial_api.serving.shedding import Shed

R = TypeVar("R")

MOST_WAITING = 1024
"""How many may wait for a thread."""

WAIT_SECONDS = 2.0
"""How long each of them may."""

STUCK_SECONDS = 10.0
"""How long threads may finish nothing after something had to wait, until they count as stuck."""

IDLE_SECONDS = 10.0
"""How long a thread does nothing before it ends."""

NOTICE_SECONDS = 0.05
"""How soon it is noticed that work is done, or has waited too long, if nothing else happens."""


@dataclass(slots=True, eq=False)
class _Turn(Generic[R]):
    """Some work, since when it waits, and what becomes of it."""

    work: Callable[[], R]
    result: "asyncio.Future[R]"
    since: float
    is_urgent: bool
    outcome: R | None = None
    error: BaseException | None = None

    def run(self) -> None:
        try:
            self.outcome = self.work()
        except BaseException as error:  # noqa: BLE001  # raised where it is awaited
            self.error = error

    def tell(self) -> None:
        """Have the outcome known where it is awaited, if it still is."""
        if self.result.done():
            return
        if self.error is not None:
            self.result.set_exception(self.error)
        else:
            self.result.set_result(cast("R", self.outcome))


class _Thread:
    """One thread, which does what it is handed, and then what waits in the line."""

    def __init__(self, pool: "Threads", name: str) -> None:
        self._pool = pool
        self._handed: SimpleQueue[_Turn[Any]] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def hand(self, turn: _Turn[Any]) -> None:
        self._handed.put(turn)

    def _run(self) -> None:
        while turn := self._next():
            while turn is not None:
                turn.run()
                turn = self._pool.after(self, turn)
        self._pool.leave_thread()

    def _next(self) -> _Turn[Any] | None:
        """Return what was handed over, or None when the thread is to end."""
        while True:
            try:
                return self._handed.get(timeout=IDLE_SECONDS)
            except Empty:  # it may just have been chosen
                if self._pool.lets_go(self):
                    return None


class Threads:
    """Does work in threads, of which there are as many as were busy at once of late.

    The one that was busy last is taken first, as it has most of what it needs at hand; one that
    ends calls `leave_thread` before. `do` and `are_stuck` are for the thread of the event loop.
    """

    def __init__(
        self, most: int, loop: asyncio.AbstractEventLoop, leave_thread: Callable[[], None]
    ) -> None:
        self.leave_thread = leave_thread
        self._most = most
        self._loop = loop
        self._lock = threading.Lock()
        self._idle: list[_Thread] = []
        self._line: deque[_Turn[Any]] = deque()
        self._done: deque[_Turn[Any]] = deque()
        self._started = 0
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
        turn: _Turn[R] = _Turn(work, self._loop.create_future(), time.monotonic(), is_urgent)
        if not self._is_looked_after:
            self._is_looked_after = True
            self._loop.call_later(NOTICE_SECONDS, self._look_after)
        self._undone += 1
        try:
            self._hand_out(turn)
            return await turn.result
        finally:
            self._undone -= 1

    def _hand_out(self, turn: _Turn[Any]) -> None:
        """Give some work to a thread, or a place in the line; raise Shed where that is too long."""
        with self._lock:
            thread = self._idle.pop() if self._idle else None
            if thread is None and self._started == self._most:
                if len(self._line) >= MOST_WAITING:
                    raise Shed(ShedReason.REQUESTS)
                self._line.append(turn)
                self._stuck_since = self._stuck_since or turn.since
                return
        if thread is None:
            try:
                thread = _Thread(self, f"request-{self._started + 1}")
            except RuntimeError:  # the system starts no more
                raise Shed(ShedReason.REQUESTS) from None
            with self._lock:
                self._started += 1
        thread.hand(turn)

    def after(self, thread: _Thread, done: _Turn[Any]) -> _Turn[Any] | None:
        """Return what a thread that has done something is to do now, None where nothing waits."""
        with self._lock:
            turn = self._line.popleft() if self._line else None
            self._stuck_since = time.monotonic() if self._line else None
            if turn is None:
                self._idle.append(thread)
        self._done.append(done)
        if done.is_urgent:
            self._loop.call_soon_threadsafe(self._notice)
        return turn

    def lets_go(self, thread: _Thread) -> bool:
        """Return True for a thread that is idle, and have it chosen no more."""
        with self._lock:
            is_idle = thread in self._idle
            if is_idle:
                self._idle.remove(thread)
                self._started -= 1
        return is_idle

    def _look_after(self) -> None:
        """Notice what happened, as long as there is anything that may."""
        self._notice()
        self._send_away()
        self._is_looked_after = self._undone > 0
        if self._is_looked_after:
            self._loop.call_later(NOTICE_SECONDS, self._look_after)

    def _notice(self) -> None:
        while self._done:
            self._done.popleft().tell()

    def _send_away(self) -> None:
        """Shed those that have waited too long."""
        latest = time.monotonic() - WAIT_SECONDS
        late = []
        with self._lock:
            while self._line and self._line[0].since <= latest:
                late.append(self._line.popleft())
        for turn in late:
            turn.error = Shed(ShedReason.WAITED)
            turn.tell()

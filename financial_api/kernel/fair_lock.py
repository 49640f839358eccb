"""A lock for the threads of one process, handed on in the order in which it was asked for."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator


class FairLock:
    """A first-in-first-out lock; free again in the child of a fork."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Lock] = deque()

    @contextlib.contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the lock for a `with` block.

        Raises TimeoutError when its turn has not come after so many seconds.
        """
        self._acquire(seconds)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, seconds: float) -> None:
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            came = turn.acquire(timeout=max(0.0, seconds))
        except BaseException:
            if not self._withdraw(turn):
                self._release()
            raise
        if not came and self._withdraw(turn):
            raise TimeoutError("the lock stayed taken")

    def _withdraw(self, turn: threading.Lock) -> bool:
        """Return False if the lock was handed over just as its turn was given up."""
        with self._guard:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False

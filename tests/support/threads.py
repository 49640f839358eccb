"""Threads that begin at the same moment."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

R = TypeVar("R")

MOST_SECONDS = 60
SWITCH_SECONDS = 1e-5


class Together:
    """Runs functions at once, each in a thread of its own, and waits for all of them."""

    def __init__(self, leave_thread: Callable[[], None]) -> None:
        self._leave_thread = leave_thread

    def run(self, functions: Sequence[Callable[[], R]]) -> list[R]:
        """Return what each returned, in order; raise what the first that failed raised."""
        start = threading.Barrier(len(functions), timeout=MOST_SECONDS)

        def begin(function: Callable[[], R]) -> R:
            try:
                start.wait()
                return function()
            finally:
                self._leave_thread()

        with _eager_switching(), ThreadPoolExecutor(len(functions)) as pool:
            return [future.result() for future in [pool.submit(begin, f) for f in functions]]


@contextlib.contextmanager
def _eager_switching() -> Iterator[None]:
    """Let threads take turns far more often, so that short steps overlap as well."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)

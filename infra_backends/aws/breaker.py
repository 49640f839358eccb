"""A breaker: after several calls in a row were in vain, nobody waits for the next one."""

import threading

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable

FAILURES = 5
OPEN_SECONDS = 1.0


class Breaker:
    """Counts failures in a row, over all threads of the process.

    From the fifth on each failure opens it for a second, in which calls fail at once; then they
    are made again, and the first answer closes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self, name: str) -> None:
        """Raise BackendUnavailable while calls would be in vain."""
        if self._failures >= FAILURES and clock.monotonic() < self._open_until:
            raise BackendUnavailable(f"{name} has not answered {self._failures} times in a row")

    def note_failure(self) -> None:
        with self._lock:
            self._failures += 1
            self._open_until = clock.monotonic() + OPEN_SECONDS

    def note_answer(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

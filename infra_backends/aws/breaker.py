"""A breaker: after several calls in a row were in vain, nobody waits for the next one."""

import threading

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure

FAILURES = 5
OPEN_SECONDS = 1.0


class Breaker:
    """Counts failures in a row, over all threads of the process.

    From the fifth on it is open: calls fail at once, but for one a second, which finds out whether
    there are answers again. The first answer closes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self, name: str, seconds: float) -> None:
        """Return for a call that may be made; raise BackendUnavailable for one that may not.

        `seconds` is how long it may take: until then it is the only one.
        """
        if self._failures < FAILURES:
            return
        with self._lock:
            now = clock.monotonic()
            if self._failures >= FAILURES and now < self._open_until:
                fault = f"{name} has not answered {self._failures} times in a row"
                raise BackendUnavailable(fault, Failure.UNASKED)
            self._open_until = now + seconds

    def note_failure(self) -> None:
        with self._lock:
            self._failures += 1
            self._open_until = clock.monotonic() + OPEN_SECONDS

    def note_answer(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

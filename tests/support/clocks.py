"""Clocks for tests."""

import threading
from datetime import datetime, timedelta

from financial_api.kernel.clock import SystemClock


class UnhurriedClock(SystemClock):
    """The machine's clock, on which a pause takes no time."""

    def sleep(self, seconds: float) -> None:
        pass


class EndlessClock(UnhurriedClock):
    """The machine's clock, on which nothing takes any time, so no deadline ever passes.

    For tests of what is done, and not of how soon, on a machine that may be busy.
    """

    def monotonic(self) -> float:
        return 1.0


class SetClock(UnhurriedClock):
    """A clock that stands still until a test moves it, also backwards."""

    def __init__(self, present: datetime) -> None:
        super().__init__()
        self.present = present

    def now(self) -> datetime:
        return self.present

    def move(self, **by: float) -> None:
        """Move by a timedelta's keywords."""
        self.present += timedelta(**by)


class ElapsingClock(SetClock):
    """A clock on which time passes only by pauses and by a test's moves, for durations as well."""

    def __init__(self, present: datetime) -> None:
        super().__init__(present)
        self._began_at = present

    def monotonic(self) -> float:
        return 1.0 + (self.present - self._began_at).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.move(seconds=seconds)


class OneThreadsClock(ElapsingClock):
    """The same for the thread that made it; what others wait for happens aside, in no time."""

    def __init__(self, present: datetime) -> None:
        super().__init__(present)
        self._thread = threading.get_ident()

    def sleep(self, seconds: float) -> None:
        if threading.get_ident() == self._thread:
            super().sleep(seconds)

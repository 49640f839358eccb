"""What is to be done from time to time, beside every relay; several at once do no harm.

An app adds a chore of its own with `@chore` in a module that its AppConfig imports.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every so many seconds; a run does not take more than a few."""

    every_seconds: float
    do: Callable[[], object]


CHORES: dict[str, Chore] = {}


def chore(name: str, *, every_seconds: float) -> Callable[[Callable[[], object]], None]:
    """Return a decorator that has a function called from time to time."""

    def add(do: Callable[[], object]) -> None:
        CHORES[name] = Chore(every_seconds, do)

    return add


class Upkeep:
    """Remembers when this process last did each chore."""

    def __init__(self) -> None:
        self._done_at: dict[str, float] = {}

    def run_due(self) -> None:
        """Do each chore whose time has come; one that fails holds up no other."""
        now = clock.monotonic()
        for name, due in CHORES.items():
            if now - self._done_at.get(name, float("-inf")) < due.every_seconds:
                continue
            self._done_at[name] = now
            try:
                due.do()
            except BackendUnavailable as error:
                logger.warning("%s could not be done, and will be next time: %s", name, error)
            except Exception:
                logger.exception("%s could not be done, and will be next time", name)


class UpkeepThread:
    """Does the chores of a process that relays by itself, so that none of them holds it up."""

    def __init__(self) -> None:
        self._upkeep = Upkeep()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the chore under way finish, for a few seconds at the most."""
        self._ending.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._upkeep.run_due()
            self._ending.wait(LOOK_SECONDS)

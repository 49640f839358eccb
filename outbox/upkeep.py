"""What is to be done from time to time, by every process that relays; several at once do no harm.

An app adds a chore of its own with `@chore` in a module that its AppConfig imports.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)


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

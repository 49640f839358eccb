"""Breaking off between any two steps: a backend that announces its calls, and a listener that ends
it all at one of them.
"""

import itertools
from collections.abc import Callable
from typing import Any

from infra_backends.persistence import repositories

Listener = Callable[[str], None]

_REPOSITORIES = tuple(
    kind
    for kind in vars(repositories).values()
    if isinstance(kind, type) and kind.__name__.endswith("Repository")
)


class Announcing:
    """Stands for a persistence or events backend and tells of each call, before and after it."""

    def __init__(self, backend: Any, announce: Listener, name: str = "") -> None:
        self._backend = backend
        self._announce = announce
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._backend, name)
        if name == "leave_thread":  # asks the store for nothing
            return value
        if isinstance(value, _REPOSITORIES):
            return Announcing(value, self._announce, f"{name}.")
        return self._announced(f"{self._name}{name}", value) if callable(value) else value

    def _announced(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def announced(*args: Any, **options: Any) -> Any:
            self._announce(f"before {name}")
            result = call(*args, **options)
            self._announce(f"after {name}")
            return result

        return announced


class BrokenOff(BaseException):
    """The end of a process, as far as that can be played: nothing in the product catches it."""


class BreakingPoint:
    """Counts what is announced and breaks off at one of them.

    A dead process does nothing more, so from there on everything that is announced is refused.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._count = 0
        self.broke_at: str | None = None

    def __call__(self, step: str) -> None:
        if self.broke_at is None and self._count == self._number:
            self.broke_at = step
        self._count += 1
        if self.broke_at is not None:
            raise BrokenOff(self.broke_at)


class Happening:
    """Counts what is announced and lets something happen at one of them, once.

    What happens may use the backend itself; its own steps are not counted.
    """

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self._number = number
        self._happens = happens
        self._count = 0
        self._is_busy = False
        self.happened_at: str | None = None

    def __call__(self, step: str) -> None:
        if self._is_busy:
            return
        if self._count == self._number:
            self._is_busy, self.happened_at = True, step
            try:
                self._happens()
            finally:
                self._is_busy = False
        self._count += 1


class Outage:
    """So many calls in a row that fail, from the n-th on; counts calls, and keeps which failed."""

    def __init__(self, at: int, length: float = 1) -> None:
        self._begins_at = at
        self._ends_at = at + length
        self._numbers = itertools.count()
        self.befell: list[str] = []

    def befalls(self, call: str) -> bool:
        """Return whether the next call, which is this one, is among those that fail."""
        is_due = self._begins_at <= next(self._numbers) < self._ends_at
        if is_due:
            self.befell.append(call)
        return is_due


class Failing:
    """Counts what is announced among `steps`, and raises an error where there is an outage."""

    def __init__(self, outage: Outage, error: Exception, steps: Callable[[str], bool]) -> None:
        self._outage = outage
        self._error = error
        self._steps = steps

    def __call__(self, step: str) -> None:
        if self._steps(step) and self._outage.befalls(step):
            raise self._error

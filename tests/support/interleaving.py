"""Races made to happen: what others do between two steps of a command."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from financial_api.kernel.idempotency import IdempotencyKey
from financial_api.kernel.keys import Key, Reading
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit

Happening = Callable[[], object]


class Interleaving:
    """Stands for a backend and lets things happen between its steps, each once, in order.

    What happens may use the backend itself, and meets no further happening while it does.
    """

    def __init__(self, backend: PersistenceBackend) -> None:
        self._backend = backend
        self._waiting: dict[str, deque[Happening]] = {
            "within read": deque(),
            "before commit": deque(),
        }
        self._busy = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def before_commit(self, *happenings: Happening) -> None:
        """Let these happen before the next commits, one before each."""
        self._waiting["before commit"].extend(happenings)

    def within_read(self, *happenings: Happening) -> None:
        """Let these happen within the next reads, after idempotency records, before all else.

        A read of several things is no snapshot, so any backend may answer like that.
        """
        self._waiting["within read"].extend(happenings)

    def read(self, keys: Sequence[Key[Any]]) -> Reading:
        if self._busy or not self._waiting["within read"]:
            return self._backend.read(keys)
        earlier = [key for key in keys if isinstance(key, IdempotencyKey)]
        later = [key for key in keys if key not in earlier]
        before = self._backend.read(earlier)
        self._happen("within read")
        after = self._backend.read(later)
        found = {key: before.get(key) for key in earlier}
        return Reading(found | {key: after.get(key) for key in later})

    def commit(self, commit: Commit) -> None:
        self._happen("before commit")
        self._backend.commit(commit)

    def check_all_happened(self) -> None:
        """Fail when a test arranged something that its command never came to."""
        left = {place: len(waiting) for place, waiting in self._waiting.items() if waiting}
        assert not left, f"never happened: {left}"

    def _happen(self, place: str) -> None:
        if self._busy or not self._waiting[place]:
            return
        self._busy = True
        try:
            self._waiting[place].popleft()()
        finally:
            self._busy = False

"""The bearer token of a session, asked for when it is needed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendUnavailable

FRESH_SECONDS = 23 * 3600.0
"""A day, less a bit."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    fetched_at: float


class Tokens:
    """Keeps the token that `fetch` gave for a day; one thread fetches while others wait for it."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._held: Token | None = None
        self._fetching = threading.Lock()

    def get(self) -> Token:
        """Return the token; raise BackendUnavailable, as `fetch` does, if there is none to get."""
        held = self._held
        return held if held is not None and _is_fresh(held) else self.instead_of(held)

    def instead_of(self, refused: Token | None) -> Token:
        """Return a token that is another than `refused`, which another thread may have fetched."""
        if not self._fetching.acquire(timeout=deadline.remaining()):
            raise BackendUnavailable("another thread is still asking for a token")
        try:
            held = self._held
            if held is None or held is refused or not _is_fresh(held):
                began_at = clock.monotonic()
                held = self._held = Token(self._fetch(), began_at)
            return held
        finally:
            self._fetching.release()


def _is_fresh(token: Token) -> bool:
    return clock.monotonic() - token.fetched_at < FRESH_SECONDS

"""A store as it fails: what may come of each of its calls, by the contract of a backend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from tests.support.breaking import Announcing, Failing, Outage


@dataclass(frozen=True, slots=True)
class StoreFault:
    name: str
    error: Exception
    steps: Callable[[str], bool]
    """Where it may befall a call: of what is announced, which."""


def _before(step: str) -> bool:
    return step.startswith("before ")


def _after(step: str) -> bool:
    return step.startswith("after ")


UNREACHED = StoreFault("unreached", BackendUnavailable("it cannot be reached"), _before)
"""A timeout before the effect, throttling or a connection that is refused: all one to a caller."""

UNANSWERED = StoreFault("unanswered", BackendUnavailable("no answer"), _after)
"""A timeout or a connection's end after the effect."""

CONFLICT = StoreFault("conflict", ConcurrencyError("it has moved"), "before commit".__eq__)


@contextmanager
def failing(backend: PersistenceBackend, fault: StoreFault, outage: Outage) -> Iterator[None]:
    """Have the store that services use fail in this way for as long as the outage lasts."""
    listener = Failing(outage, fault.error, fault.steps)
    with persistence.use(Announcing(backend, listener)):
        yield

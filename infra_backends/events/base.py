"""The contract of an events backend: where the relay publishes to."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum, auto
from typing import ClassVar, Literal

from infra_backends.base import BaseBackend
from outbox.entities import Event


class Delivery(Enum):
    PUT_OFF = auto()
    """An event did not go out, through no fault of its own: it is to be tried again."""


Result = str | Literal[Delivery.PUT_OFF] | None
"""None for an event that was published; else why it was rejected, or that it was put off."""


class EventsBackend(BaseBackend, ABC):
    setting = "EVENTS"

    most_in_a_batch: ClassVar[int] = 10

    longest_publish_seconds: ClassVar[float] = 0.0
    """How long a publish may take before it gives up, so that it does not outlast a lease."""

    @abstractmethod
    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        """Publish a batch; return what became of each event.

        Raises BackendUnavailable when none went out through no fault of theirs.
        """

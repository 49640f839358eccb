"""The contract of an events backend: where the relay publishes to."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from infra_backends.base import BaseBackend
from outbox.entities import Event


class EventsBackend(BaseBackend, ABC):
    setting = "EVENTS"

    most_in_a_batch: ClassVar[int] = 10

    longest_publish_seconds: ClassVar[float] = 0.0
    """How long a publish may take before it gives up, so that it does not outlast a lease."""

    @abstractmethod
    def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """Publish a batch; return for each event None, or why this one was rejected.

        Raises BackendUnavailable when the call failed as a whole, which counts against no event.
        """

"""An events backend that writes down what it was given, and fails when a test says so."""

from collections import deque
from collections.abc import Callable, Sequence

from financial_api.kernel import clock
from infra_backends.events.base import Delivery, EventsBackend, Result
from infra_backends.exceptions import BackendUnavailable
from outbox.entities import Event

REJECTION = "the entry is too large"


class Transport(EventsBackend):
    """Where a relay under test publishes to."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        """The batches that were published, rejected entries left out."""
        self.is_away = False
        self.attempts: list[float] = []
        """When it was called, on the monotonic clock."""
        self.seconds = 0.0
        """How long a publish takes."""
        self.rejected: set[str] = set()
        """The ids of the events that are rejected for now."""
        self.put_off: set[str] = set()
        """The ids of those that are put off."""
        self.before: deque[Callable[[], object]] = deque()
        """What happens before the next publishes have an effect, one thing before each."""
        self.after: deque[Callable[[], object]] = deque()
        """What happens between the next publishes and what is stored of them."""

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        self.attempts.append(clock.monotonic())
        clock.sleep(self.seconds)
        if self.before:
            self.before.popleft()()
        if self.is_away:
            raise BackendUnavailable("the bus is away")
        results = [self._result_of(event) for event in events]
        self.batches.append(
            [event for event, result in zip(events, results, strict=True) if result is None]
        )
        if self.after:
            self.after.popleft()()
        return results

    def _result_of(self, event: Event) -> Result:
        if event.event_id in self.put_off:
            return Delivery.PUT_OFF
        return REJECTION if event.event_id in self.rejected else None

    @property
    def published(self) -> list[Event]:
        """Every event that went out, in order, as often as it did."""
        return [event for batch in self.batches for event in batch]

    @property
    def published_ids(self) -> list[str]:
        return [event.event_id for event in self.published]


def numbers_of(published: Sequence[Event], entity_id: str) -> list[int]:
    """Return an entity's sequence numbers as they went out for the first time."""
    numbers = [event.sequence_number for event in published if event.entity_id == entity_id]
    return list(dict.fromkeys(numbers))

"""A relay and an events backend for one thread and a clock of the test's own."""

from collections.abc import Callable, Sequence

from financial_api.kernel import clock
from infra_backends.events.base import EventsBackend, Result
from outbox.entities import Event
from outbox.relay import LINGER_SECONDS, Relay


class HastyRelay(Relay):
    """A relay whose waits pass on the installed clock alone, each until it would give up."""

    def wait(self, seconds: float) -> bool:
        clock.sleep(LINGER_SECONDS if seconds else 0)
        return False


class Consumer(EventsBackend):
    """Keeps what is published, event by event, and tells of each, before and after it."""

    def __init__(self, announce: Callable[[str], None] = lambda _: None) -> None:
        self.announce = announce
        self.received: list[Event] = []

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        for event in events:
            self.announce("before a publish")
            self.received.append(event)
            self.announce("after a publish")
        return [None] * len(events)

    def first_numbers(self, entity: tuple[str, str]) -> list[int]:
        """Return the numbers of an entity's events in the order in which each first came."""
        numbers = [event.sequence_number for event in self.received if event.entity == entity]
        return list(dict.fromkeys(numbers))

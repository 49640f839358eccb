"""Which of the events that the index proposes may go out, and in which order."""

from collections.abc import Sequence

from financial_api.kernel.keys import Reading
from outbox import rules
from outbox.entities import EntityType, Event, EventKey


class Candidates:
    """The due events of a page, given out as soon as nothing before them is unsent."""

    def __init__(self, due: Sequence[Event], reading: Reading) -> None:
        self._waiting = {event.event_id: event for event in due}
        self._reading = reading
        self._settled: dict[str, Event] = {}

    def take_ready(self) -> list[Event]:
        """Return the events that may go out now: one of an entity at the most.

        A redriven event is out of sequence, so it alone may be ready beside another of its entity.
        """
        ready: dict[tuple[EntityType, str], Event] = {}
        for event in self._waiting.values():
            if event.entity not in ready and rules.is_done(self._predecessor(event)):
                ready[event.entity] = event
        for event in ready.values():
            del self._waiting[event.event_id]
        return list(ready.values())

    def settle(self, events: Sequence[Event]) -> None:
        """Note what has become of events that were given out."""
        self._settled |= {event.event_id: event for event in events}

    def blocked(self) -> list[Event]:
        """Return the events that wait for a retry of another, put behind it in the index.

        All followers of an event at once, however many: each moves behind where the one before
        it has been moved.
        """
        moved: dict[str | None, Event] = {}
        for event in sorted(self._waiting.values(), key=lambda event: event.sequence_number):
            predecessor = moved.get(event.previous_event_id) or self._predecessor(event)
            if predecessor is not None and predecessor.next_retry_at > event.next_retry_at:
                moved[event.event_id] = rules.behind(event, predecessor)
        return list(moved.values())

    def _predecessor(self, event: Event) -> Event | None:
        if event.previous_event_id is None:
            return None
        settled = self._settled.get(event.previous_event_id)
        return settled or self._reading.get(EventKey(event.previous_event_id))

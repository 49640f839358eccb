"""Events that are refused for good at the first try, and others that are published."""

from collections.abc import Sequence

from infra_backends.events.base import EventsBackend, Result
from outbox import rules
from outbox.entities import Event, EventType

rules.RETRY_AFTER = ()


class Backend(EventsBackend):
    """Refuses every `user.created`, so that each user who registers leaves a dead letter."""

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        return [
            "refused by a test" if event.event_type is EventType.USER_CREATED else None
            for event in events
        ]

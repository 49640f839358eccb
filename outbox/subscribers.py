"""Subscribers in the process: called with each event as the relay delivers it."""

from collections.abc import Callable

from outbox.entities import Event, EventType

Subscriber = Callable[[Event], None]

_subscribers: dict[EventType, list[Subscriber]] = {}


def subscribe(*event_types: EventType) -> Callable[[Subscriber], Subscriber]:
    """Register the decorated function for these events.

    It may be called more than once for the same event, so it must be idempotent by `event_id`.
    """

    def register(subscriber: Subscriber) -> Subscriber:
        for event_type in event_types:
            _subscribers.setdefault(event_type, []).append(subscriber)
        return subscriber

    return register


def deliver(event: Event) -> None:
    """Call every subscriber of the event; raises what the first that fails raises."""
    for subscriber in _subscribers.get(event.event_type, ()):
        subscriber(event)

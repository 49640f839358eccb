"""Subscribers in the process: called with each event as the relay delivers it."""

from collections.abc import Callable, Mapping

from outbox.entities import Event, EventType

Subscriber = Callable[[Event], None]

_subscribers: dict[EventType, dict[str, Subscriber]] = {}


def subscribe(name: str, *event_types: EventType) -> Callable[[Subscriber], Subscriber]:
    """Register the decorated function for these events under a name that stays.

    The event keeps the names of those that have had it, so a retry calls only the others. It may
    still be called twice for one event, so it must be idempotent by `event_id`, and it only
    stores rows: slow work is a task of its own.
    """

    def register(subscriber: Subscriber) -> Subscriber:
        for event_type in event_types:
            _subscribers.setdefault(event_type, {})[name] = subscriber
        return subscriber

    return register


def unsubscribe(name: str) -> None:
    """Forget a subscriber."""
    for named in _subscribers.values():
        named.pop(name, None)


def subscribers_of(event_type: EventType) -> Mapping[str, Subscriber]:
    """Return the subscribers of an event by name."""
    return _subscribers.get(event_type, {})

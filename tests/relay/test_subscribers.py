"""Subscribers in the process have each event as it is delivered, each once when all goes well."""

from collections.abc import Callable, Iterator

import pytest

from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import Event, EventStatus, EventType
from outbox.rules import PUBLISHED
from outbox.subscribers import subscribe, unsubscribe
from tests.support.relays import PromptRelay, a_chain, current, statuses
from tests.support.storing import store, the
from tests.support.transport import Transport

WAITS = [10, 20, 40, 80, 160]

Later = Callable[[float], int]


class Subscribers:
    """Subscribers that write down what they had, and fail while they are told to."""

    def __init__(self) -> None:
        self.had: list[tuple[str, str]] = []
        self.failing: set[str] = set()

    def __call__(self, name: str) -> None:
        @subscribe(name, EventType.USER_CREATED)
        def subscriber(event: Event) -> None:
            if name in self.failing:
                raise ValueError("secret details")
            self.had.append((name, event.event_id))


@pytest.fixture
def subscribers() -> Iterator[Subscribers]:
    subscribers = Subscribers()
    subscribers("first")
    subscribers("second")
    yield subscribers
    unsubscribe("first")
    unsubscribe("second")


@pytest.fixture
def event(backend: PersistenceBackend) -> Event:
    (event,) = a_chain("card-001", 1)
    store(backend, event)
    return event


def test_each_subscriber_has_an_event_once(
    relay: PromptRelay, transport: Transport, event: Event, subscribers: Subscribers
) -> None:
    assert relay.drain() == 1
    assert subscribers.had == [("first", event.event_id), ("second", event.event_id)]


def test_a_subscriber_has_only_the_events_that_it_asked_for(
    backend: PersistenceBackend, relay: PromptRelay, transport: Transport, subscribers: Subscribers
) -> None:
    store(backend, *a_chain("card-001", 1, event_type=EventType.CARD_CANCELLED))

    assert relay.drain() == 1
    assert subscribers.had == []


def test_an_event_that_a_subscriber_failed_on_waits_with_what_was_done(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    subscribers: Subscribers,
    caplog: pytest.LogCaptureFixture,
) -> None:
    subscribers.failing = {"first"}

    assert relay.drain() == 0

    failed = the(backend, event.key)
    assert failed.status is EventStatus.FAILED
    assert failed.last_error == "first: ValueError"
    assert set(failed.deliveries) == {PUBLISHED, "second"}
    assert f"subscriber first failed on event {event.event_id}" in caplog.text


def test_a_retry_repeats_only_the_deliveries_that_are_missing(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    subscribers: Subscribers,
    later: Later,
) -> None:
    subscribers.failing = {"first"}
    relay.drain()
    subscribers.failing = set()

    assert later(10) == 1

    assert transport.published_ids == [event.event_id]
    assert subscribers.had == [("second", event.event_id), ("first", event.event_id)]
    assert set(the(backend, event.key).deliveries) == {PUBLISHED, "first", "second"}


def test_subscribers_have_a_rejected_entry_too_and_only_the_publish_is_repeated(
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    subscribers: Subscribers,
    later: Later,
) -> None:
    transport.rejected = {event.event_id}
    relay.drain()
    transport.rejected = set()

    assert later(10) == 1

    assert transport.published_ids == [event.event_id]
    assert subscribers.had == [("first", event.event_id), ("second", event.event_id)]


def test_a_subscriber_that_fails_six_times_dead_letters_the_event(
    relay: PromptRelay,
    transport: Transport,
    event: Event,
    subscribers: Subscribers,
    later: Later,
) -> None:
    subscribers.failing = {"second"}
    for wait in [0, *WAITS]:
        later(wait)

    assert statuses([event]) == ["dead_letter"]
    assert transport.published_ids == [event.event_id]
    assert [e.retry_count for e in current([event])] == [6]


def test_followers_wait_for_the_subscribers_of_their_predecessor(
    backend: PersistenceBackend,
    relay: PromptRelay,
    transport: Transport,
    subscribers: Subscribers,
    later: Later,
) -> None:
    chain = a_chain("card-001", 2)
    store(backend, *chain)
    subscribers.failing = {"first"}
    relay.drain()
    assert transport.published_ids == [chain[0].event_id]
    subscribers.failing = set()

    later(10)

    assert [had for name, had in subscribers.had if name == "first"] == [
        event.event_id for event in chain
    ]

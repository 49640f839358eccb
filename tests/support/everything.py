"""Everything a store holds of some people, read through the contract of a backend alone."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from accounts.audit import AuditLog
from accounts.entities import ScoreRecord, User, UserKey
from cards.entities import Card, CardRequest
from financial_api.kernel.cleanup import CLEANUP_ENTITY_ID, CleanupKey, CleanupState
from financial_api.kernel.keys import Key, Reading
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.repositories import Page
from outbox.entities import EntitySequence, EntityType, Event, SequenceKey
from transactions.entities import Transaction

T = TypeVar("T")
Entity = tuple[EntityType, str]

PAGE = 500
MOST_SCORES = 100_000


@dataclass(frozen=True, slots=True)
class Everything:
    """What was found. Lists run from the oldest to the newest."""

    people: Sequence[str]
    users: dict[str, User]
    cards: dict[str, list[Card]]
    """Of each of the people."""

    requests: dict[str, list[CardRequest]]
    transactions: dict[str, list[Transaction]]
    """Of each card."""

    scores: dict[str, list[ScoreRecord]]
    events: dict[Entity, list[Event]]
    """Of each entity, in the order of their numbers."""

    counters: dict[Entity, EntitySequence]
    audit_logs: list[AuditLog]
    cleanup: CleanupState

    @property
    def all_events(self) -> Iterator[Event]:
        return itertools.chain.from_iterable(self.events.values())

    def events_of(self, type: EntityType, id: str) -> list[Event]:
        return self.events.get((type, id), [])

    def entities_of(self, person: str) -> list[Entity]:
        """Return every entity of a person that may have events."""
        return [
            (EntityType.USER, person),
            (EntityType.SCORE, person),
            *((EntityType.CARD_REQUEST, row.request_id) for row in self.requests[person]),
            *((EntityType.CARD, row.card_id) for row in self.cards[person]),
        ]


def look(
    backend: PersistenceBackend,
    people: Collection[str] = (),
    admins: Collection[str] = (),
    *,
    alone: bool = False,
) -> Everything:
    """Read everything of these people, of all who have an event or a request, and of all admins
    who are known or named in an event; `alone`, of these people and admins and of nobody else.
    """
    requests = list(pages(partial(backend.card_requests.page, None, oldest_first=True)))
    if alone:
        requests = [request for request in requests if request.ecosystem_id in people]
        flat = list(_events_of(backend, people, requests))
    else:
        flat = list(pages(partial(backend.outbox.page, None, None)))
    events = _by_entity(flat)
    of_users = [event.ecosystem_id for event in flat if event.entity_type != EntityType.SYSTEM]
    known = list(
        dict.fromkeys([*people, *of_users, *(request.ecosystem_id for request in requests)])
    )
    cards = {name: list(reversed(backend.cards.of_user(name))) for name in known}
    entities = {
        *events,
        *((kind, name) for name in known for kind in (EntityType.USER, EntityType.SCORE)),
        *((EntityType.CARD_REQUEST, request.request_id) for request in requests),
        *((EntityType.CARD, card.card_id) for card in itertools.chain(*cards.values())),
        (EntityType.SYSTEM, CLEANUP_ENTITY_ID),
    }
    reading = _read(
        backend,
        [CleanupKey(), *map(UserKey, known), *(SequenceKey(*entity) for entity in entities)],
    )
    actors = {*admins, *(event.payload["adminId"] for event in flat if "adminId" in event.payload)}
    return Everything(
        people=known,
        users={name: user for name in known if (user := reading.get(UserKey(name))) is not None},
        cards=cards,
        requests={
            name: [request for request in requests if request.ecosystem_id == name]
            for name in known
        },
        transactions={
            card.card_id: _oldest_first(
                partial(backend.transactions.page, card.ecosystem_id, card.card_id, None)
            )
            for card in itertools.chain(*cards.values())
        },
        scores={
            name: list(reversed(backend.users.score_history(name, MOST_SCORES))) for name in known
        },
        events=events,
        counters={
            entity: counter
            for entity in entities
            if (counter := reading.get(SequenceKey(*entity))) is not None
        },
        audit_logs=_audit_logs(backend, actors),
        cleanup=reading.get(CleanupKey()) or CleanupState(),
    )


def _read(backend: PersistenceBackend, keys: Sequence[Key[Any]]) -> Reading:
    found: dict[Key[Any], Any] = {}
    for start in range(0, len(keys), PAGE):
        some = keys[start : start + PAGE]
        reading = backend.read(some)
        found |= {key: reading.get(key) for key in some}
    return Reading(found)


def _events_of(
    backend: PersistenceBackend, people: Collection[str], requests: Sequence[CardRequest]
) -> Iterator[Event]:
    cards = itertools.chain.from_iterable(map(backend.cards.of_user, people))
    entities = [
        *itertools.product((EntityType.USER, EntityType.SCORE), people),
        *((EntityType.CARD_REQUEST, request.request_id) for request in requests),
        *((EntityType.CARD, card.card_id) for card in cards),
    ]
    for entity in entities:
        yield from pages(partial(backend.outbox.page, None, entity))


def _by_entity(events: Iterable[Event]) -> dict[Entity, list[Event]]:
    found: dict[Entity, list[Event]] = defaultdict(list)
    for event in events:
        found[event.entity].append(event)
    return {
        entity: sorted(those, key=lambda event: event.sequence_number)
        for entity, those in found.items()
    }


def _audit_logs(backend: PersistenceBackend, actors: Collection[str]) -> list[AuditLog]:
    found = [pages(partial(backend.audit_logs.page_of_actor, actor)) for actor in sorted(actors)]
    return sorted(itertools.chain.from_iterable(found), key=lambda log: log.log_id)


def _oldest_first(page: Callable[..., Page[T]]) -> list[T]:
    return list(pages(page))[::-1]


def pages(page: Callable[..., Page[T]]) -> Iterator[T]:
    """Yield all rows, page after page."""
    after: str | None = None
    while True:
        found = page(after=after, limit=PAGE)
        yield from found.items
        after = found.next_position
        if after is None:
            return

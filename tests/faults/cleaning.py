"""People with something of every kind, and whether a cleanup has left any of it."""

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import partial

import httpx

from accounts.audit import AuditAction
from accounts.entities import User, UserKey
from cards.entities import Card, CardRequest
from financial_api.kernel.cleanup import CLEANUP_ENTITY_ID, CleanupKey
from financial_api.kernel.idempotency import IdempotencyKey
from financial_api.kernel.keys import Key
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import EntityType, EventKey, EventType, SequenceKey
from tests.support.api import Admin, Customer, expect
from tests.support.everything import Everything, look, pages
from tests.support.in_process import URL, in_process
from tests.support.invariants import check_everything

PATH = "/v1/admin/cleanup"
KEYS = ("for-the-card", "for-the-purchase")


@dataclass(frozen=True, slots=True)
class People:
    """Two customers with a card and a purchase each, and what is stored of them."""

    customers: list[Customer]
    found: Everything

    @property
    def names(self) -> list[str]:
        return [customer.ecosystem_id for customer in self.customers]

    @property
    def card_ids(self) -> list[str]:
        return [card.card_id for name in self.names for card in self.found.cards[name]]

    @property
    def keys(self) -> list[Key[object]]:
        """Return what everything of theirs is stored under, as far as it has keys."""
        keys: list[Key[object]] = [EventKey(event.event_id) for event in self.found.all_events]
        for name in self.names:
            keys.append(UserKey(name))
            keys += [card.key for card in self.found.cards[name]]
            keys += [request.key for request in self.found.requests[name]]
            keys += [SequenceKey(*entity) for entity in self.found.entities_of(name)]
            keys += [IdempotencyKey.of(name, key) for key in KEYS]
        return keys


def some_people(backend: PersistenceBackend, name: str) -> People:
    customers = [in_process(Customer(URL, f"{name}-{one}")) for one in ("a", "b")]
    for customer in customers:
        customer.register()
        expect(customer.request_card(key=KEYS[0]), 201)
        card_id = expect(customer.get("/v1/cards"), 200)["cards"][0]["cardId"]
        expect(customer.buy(card_id, 25, key=KEYS[1]), 201)
    names = [customer.ecosystem_id for customer in customers]
    return People(customers, look(backend, names))


def token_for(admin: Admin) -> str:
    token: str = expect(admin.post(PATH, {}, key=""), 400)["confirmationToken"]
    return token


def clean_up(admin: Admin, token: str) -> httpx.Response:
    return admin.post(PATH, {"confirmationToken": token}, key="")


def left(backend: PersistenceBackend, people: People) -> dict[str, int]:
    """Count what is left, as an answer to a cleanup counts it."""
    kinds = Counter(type(row) for row in backend.read(people.keys))
    rows = [
        row
        for name in people.names
        for card in people.found.cards[name]
        for row in pages(partial(backend.transactions.page, name, card.card_id, None))
    ]
    return {
        "users": kinds[User],
        "cards": kinds[Card],
        "transactions": len(rows),
        "cardRequests": kinds[CardRequest],
        "events": len(list(pages(partial(backend.outbox.page, None, None)))),
    }


def is_running(backend: PersistenceBackend) -> bool:
    """Return whether a cleanup was begun and not finished."""
    state = backend.read([CleanupKey()]).get(CleanupKey())
    return state is not None and state.running


def cleanups_done(backend: PersistenceBackend, *admins: Admin) -> int:
    """Return how many cleanups these admins have finished."""
    logs = itertools.chain.from_iterable(
        pages(partial(backend.audit_logs.page_of_actor, admin.ecosystem_id)) for admin in admins
    )
    return sum(log.action is AuditAction.SYSTEM_CLEANUP for log in logs)


def check_deleted(backend: PersistenceBackend, people: People) -> None:
    """Fail unless all of theirs is gone and the flag is down."""
    _check_found_deleted(backend, people, look(backend, people.names))


def check_nothing_left(backend: PersistenceBackend, people: People) -> None:
    """Fail unless all is gone, but what a cleanup keeps and the event that it ends with."""
    found = check_everything(backend, people.names)
    _check_found_deleted(backend, people, found)
    assert [event.event_type for event in found.all_events] == [EventType.SYSTEM_CLEANUP]


def _check_found_deleted(backend: PersistenceBackend, people: People, found: Everything) -> None:
    assert [row for row in backend.read(people.keys) if _is_deleted(row)] == []
    assert (found.users, found.transactions) == ({}, {})
    assert not any([*found.cards.values(), *found.requests.values(), *found.scores.values()])
    assert list(found.counters) == [(EntityType.SYSTEM, CLEANUP_ENTITY_ID)]
    assert not found.cleanup.running


def _is_deleted(row: object) -> bool:
    return getattr(row, "entity_type", None) is not EntityType.SYSTEM

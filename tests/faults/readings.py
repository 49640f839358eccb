"""Requests that change nothing: between them they make every query of every repository."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx

from tests.faults.scenarios import Cast, people
from tests.support.api import expect

Ask = Callable[[Cast], httpx.Response]


@dataclass(frozen=True, slots=True)
class Reading:
    name: str
    ask: Ask


def _of_customer(path: str) -> Ask:
    return lambda cast: cast.customer.get(path.format(card=cast.card, request=cast.request))


def _of_admin(path: str, **params: str) -> Ask:
    def ask(cast: Cast) -> httpx.Response:
        known = {"card": cast.card, "admin": cast.admin.ecosystem_id}
        filled = {name: value.format(**known) for name, value in params.items()}
        return cast.admin.get(path.format(user=cast.customer.ecosystem_id), params=filled)

    return ask


READINGS = [
    Reading("dashboard", _of_customer("/v1/dashboard")),
    Reading("offers", _of_customer("/v1/offers")),
    Reading("cards", _of_customer("/v1/cards")),
    Reading("card", _of_customer("/v1/cards/{card}")),
    Reading("transactions", _of_customer("/v1/cards/{card}/transactions")),
    Reading("payments", _of_customer("/v1/cards/{card}/transactions?type=payment")),
    Reading("request", _of_customer("/v1/cards/requests/{request}")),
    Reading("score history", _of_admin("/v1/admin/users/{user}/score")),
    Reading("all requests", _of_admin("/v1/admin/card-requests")),
    Reading("waiting requests", _of_admin("/v1/admin/card-requests", status="pending")),
    Reading("events", _of_admin("/v1/admin/outbox")),
    Reading(
        "events of a card", _of_admin("/v1/admin/outbox", entityType="card", entityId="{card}")
    ),
    Reading("dead letters", _of_admin("/v1/admin/outbox", status="dead_letter")),
    Reading("what an admin did", _of_admin("/v1/admin/audit-logs", actor="{admin}")),
    Reading(
        "what was done to a card",
        _of_admin("/v1/admin/audit-logs", targetType="card", targetId="{card}"),
    ),
]


def somebody_with_everything() -> Cast:
    """Return people of whom every query finds something, but for dead letters."""
    cast = people("everything")
    request = cast.admin.pending_request(cast.customer)
    expect(cast.admin.approve(request, 1500), 200)
    (card,) = expect(cast.customer.get("/v1/cards"), 200)["cards"]
    cast = replace(cast, card=card["cardId"], request=request)
    expect(cast.customer.buy(cast.card, 60), 201)
    expect(cast.customer.pay(cast.card, 20), 201)
    expect(cast.admin.move_card(cast.customer, cast.card, "suspend"), 200)
    return cast

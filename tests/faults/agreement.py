"""Whether a store holds what the model says: nothing less, and nothing more."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.faults.model import Card, User
from tests.faults.world import World
from tests.support.everything import Everything


def check_agreement(world: World, found: Everything) -> None:
    """Fail unless users, cards, transactions, scores, events and audit records are the model's."""
    assert set(found.users) == set(world.users)
    for user in world.users.values():
        _check_user(user, found)
    types = {(str(kind), id): _types(events) for (kind, id), events in found.events.items()}
    assert types == _expected_events(world)
    recorded = Counter(
        (log.admin_ecosystem_id, str(log.action), log.target_id) for log in found.audit_logs
    )
    assert recorded == Counter((admin, what, target.id) for admin, what, target in world.audits)


def _check_user(user: User, found: Everything) -> None:
    stored = found.users[user.id]
    assert (stored.status, stored.current_score) == (user.status, user.score)
    assert [(row.value, row.reason) for row in found.scores[user.id]] == user.scores
    pending = stored.pending_request
    assert (pending.request_id if pending else None) == (user.pending.id if user.pending else None)
    requests = [(row.request_id, str(row.status)) for row in found.requests[user.id]]
    assert requests == [(request.id, request.status) for request in user.requests]
    assert [_stored_card(row) for row in found.cards[user.id]] == [_card(c) for c in user.cards]
    for card in user.cards:
        rows = [(str(row.type), row.amount, str(row.status)) for row in found.transactions[card.id]]
        assert rows == [(t.type, Decimal(t.cents) / 100, t.status) for t in card.transactions]


def _stored_card(row: Any) -> tuple[str, str, Decimal, Decimal, datetime]:
    return row.card_id, str(row.status), row.balance, row.limit, row.next_due_date


def _card(card: Card) -> tuple[str, str, Decimal, Decimal, datetime]:
    return card.id, card.status, Decimal(card.balance) / 100, Decimal(card.limit) / 100, card.due


def _types(events: list[Any]) -> list[str]:
    return [str(event.event_type) for event in events]


def _expected_events(world: World) -> dict[tuple[str, str], list[str]]:
    expected: dict[tuple[str, str], list[str]] = {}
    for user in world.users.values():
        expected["user", user.id] = user.events
        expected["score", user.id] = ["score.changed"] * (len(user.scores) - 1)
    expected |= {("cardRequest", request.id): request.events for request in world.requests}
    expected |= {("card", card.id): card.events for card in world.cards}
    return {entity: types for entity, types in expected.items() if types}

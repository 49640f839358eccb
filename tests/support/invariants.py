"""What holds of everything a store keeps, whatever was done to it and wherever it was broken off.

Worked out from the rules, and from what is stored alone: history must explain the present, each
change must have its event, and each admin action its record.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from accounts.audit import AuditAction, AuditLog, TargetType
from accounts.entities import ScoreSource, User, UserStatus
from cards.entities import Card, CardRequest, CardStatus, RequestStatus
from infra_backends.persistence.base import PersistenceBackend
from outbox.entities import EntityType, Event, EventStatus, EventType
from tests.support.everything import Entity, Everything, look, pages
from transactions.entities import Transaction, TransactionStatus, TransactionType

COMPLETED = TransactionStatus.COMPLETED


def check_everything(
    backend: PersistenceBackend, people: Collection[str] = (), admins: Collection[str] = ()
) -> Everything:
    """Fail unless all that is stored fits together; return it.

    `people` and `admins` may be left out where their events can be relied on to name them. Events
    must not have been swept yet.
    """
    found = look(backend, people, admins)
    check_rows(found)
    check_audit_pages(backend, found)
    check_index(backend, found)
    return found


def check_rows(found: Everything) -> None:
    """Fail unless all rows fit together."""
    for name in found.people:
        if name in found.users:
            check_person(found, name)
        else:
            check_nobody(found, name)
    for entity in found.events | found.counters:
        check_numbers(found, entity)
    check_no_strangers_events(found)
    check_audit(found)


def check_nobody(found: Everything, name: str) -> None:
    """Somebody without a user record has nothing."""
    owned: list[Any] = [*found.cards[name], *found.requests[name], *found.scores[name]]
    assert not owned, f"{name} does not exist, but has {owned}"
    assert not found.events_of(EntityType.USER, name), name
    assert not found.events_of(EntityType.SCORE, name), name


def check_person(found: Everything, name: str) -> None:
    user = found.users[name]
    _check_standing(user, found.events_of(EntityType.USER, name))
    _check_score(found, user)
    _check_totals(user, found.cards[name])
    _check_requests(found, user)
    for card in found.cards[name]:
        _check_card(found, card)
    last = max(e.created_at for entity in found.entities_of(name) for e in found.events_of(*entity))
    assert user.updated_at >= last, f"{name} was changed without saying when"


def _check_standing(user: User, events: Sequence[Event]) -> None:
    status = UserStatus.ACTIVE
    assert [event.event_type for event in events[:1]] == [EventType.USER_CREATED], user
    _check_payload(events[0], ecosystemId=user.ecosystem_id, email=user.email)
    for event in events[1:]:
        disabling = status is UserStatus.ACTIVE
        expected = EventType.USER_DISABLED if disabling else EventType.USER_ENABLED
        assert event.event_type is expected, event
        status = UserStatus.DISABLED if disabling else UserStatus.ACTIVE
    assert user.status is status, user


def _check_score(found: Everything, user: User) -> None:
    records = found.scores[user.ecosystem_id]
    assert records, f"{user.ecosystem_id} has no score record"
    first = records[0]
    assert (first.value, first.previous_value, first.reason) == (500, 0, "initial_score"), first
    assert user.current_score == records[-1].value, (user, records[-1])
    for before, after in pairwise(records):
        assert after.previous_value == before.value, (before, after)
        assert after.timestamp > before.timestamp, (before, after)
    events = found.events_of(EntityType.SCORE, user.ecosystem_id)
    assert len(events) == len(records) - 1, (records, events)
    for record, event in zip(records[1:], events, strict=True):
        assert record.delta == record.value - record.previous_value, record
        assert event.event_type is EventType.SCORE_CHANGED, event
        by_admin = {"adminId": record.source_id} if record.source is ScoreSource.ADMIN else {}
        _check_payload(
            event,
            previousScore=record.previous_value,
            newScore=record.value,
            delta=record.delta,
            reason=record.reason,
            source=record.source,
            **by_admin,
        )


def _check_totals(user: User, cards: Sequence[Card]) -> None:
    kept = [card for card in cards if card.status is not CardStatus.CANCELLED]
    active = [card for card in kept if card.status is CardStatus.ACTIVE]
    summary = user.card_summary
    assert len(active) <= 1, active
    assert summary.active_cards == len(active), (user, cards)
    assert summary.total_balance == sum(card.balance for card in kept), (user, cards)
    assert summary.total_limit == sum(card.limit for card in kept), (user, cards)


def _check_requests(found: Everything, user: User) -> None:
    requests = found.requests[user.ecosystem_id]
    pending = [request for request in requests if request.status is RequestStatus.PENDING]
    waiting = user.pending_request
    assert [request.request_id for request in pending] == ([waiting.request_id] if waiting else [])
    cards = {card.request_id: card for card in found.cards[user.ecosystem_id]}
    for request in requests:
        _check_request(request, cards.pop(request.request_id, None))
        _check_request_events(request, found.events_of(EntityType.CARD_REQUEST, request.request_id))
    assert not cards, f"cards nobody asked for: {cards}"
    refused_at = [r.updated_at for r in requests if r.status is RequestStatus.REJECTED]
    assert user.last_rejected_at == max(refused_at, default=None), user


def _check_request(request: CardRequest, card: Card | None) -> None:
    decision = request.decision
    assert (card is not None) == (request.status is RequestStatus.APPROVED), (request, card)
    assert (decision is None) == (request.status is RequestStatus.PENDING), request
    if decision is not None:
        assert decision.outcome is request.status, request
    if card is not None and decision is not None:
        assert request.card_id == card.card_id, (request, card)
        assert decision.approved_limit == card.limit, (request, card)


def _check_request_events(request: CardRequest, events: Sequence[Event]) -> None:
    decided = {
        RequestStatus.PENDING: [],
        RequestStatus.APPROVED: [EventType.CARD_APPROVED],
        RequestStatus.REJECTED: [EventType.CARD_REJECTED],
    }
    types = [event.event_type for event in events]
    assert types == [EventType.CARD_REQUESTED, *decided[request.status]], (request, events)
    _check_payload(events[0], scoreAtRequest=request.score_at_request)
    if request.decision is not None:
        _check_payload(events[1], source=request.decision.source)


_MOVES = {
    (CardStatus.ACTIVE, EventType.CARD_SUSPENDED): CardStatus.SUSPENDED,
    (CardStatus.SUSPENDED, EventType.CARD_REACTIVATED): CardStatus.ACTIVE,
    (CardStatus.ACTIVE, EventType.CARD_CANCELLED): CardStatus.CANCELLED,
    (CardStatus.SUSPENDED, EventType.CARD_CANCELLED): CardStatus.CANCELLED,
}


def _check_card(found: Everything, card: Card) -> None:
    """Live the card's life again from its events, each transaction with the one it belongs to."""
    rows = found.transactions[card.card_id]
    completed = iter([row for row in rows if row.status is COMPLETED])
    status, balance = CardStatus.ACTIVE, Decimal(0)
    for event in found.events_of(EntityType.CARD, card.card_id):
        if event.event_type.startswith("transaction."):
            balance = _balance_after(next(completed, None), event, card, balance)
        else:
            assert event.payload["previousStatus"] == status, event
            assert balance == 0 or event.event_type is not EventType.CARD_CANCELLED, event
            status = _MOVES[status, event.event_type]
    assert next(completed, None) is None, f"a transaction without its event: {rows}"
    assert (card.status, card.balance) == (status, balance), card
    assert card.available_credit == card.limit - card.balance, card
    for row in rows:
        assert (row.failure_reason is None) == (row.status is COMPLETED), row


def _balance_after(row: Transaction | None, event: Event, card: Card, balance: Decimal) -> Decimal:
    assert row is not None, f"an event without its transaction: {event}"
    purchase = row.type is TransactionType.PURCHASE
    expected = EventType.TRANSACTION_PURCHASE if purchase else EventType.TRANSACTION_PAYMENT
    assert event.event_type is expected, (row, event)
    after = balance + row.amount if purchase else balance - row.amount
    assert 0 <= after <= card.limit, (row, card)
    _check_payload(
        event,
        transactionId=row.transaction_id,
        amount=row.amount,
        newBalance=after,
        newAvailableCredit=card.limit - after,
    )
    return after


def check_numbers(found: Everything, entity: Entity) -> None:
    """Numbers without a gap, each event naming its predecessor, and a counter at the last.

    The system's go on after a cleanup, which deletes the earlier events.
    """
    events = found.events.get(entity, [])
    counter = found.counters.get(entity)
    assert events, f"a counter without events: {counter}"
    assert counter is not None, f"events without a counter: {events}"
    first = events[0]
    redriven = _redriven(found)
    if entity[0] is not EntityType.SYSTEM:
        assert (first.sequence_number, first.previous_event_id) == (1, None), first
    for before, after in pairwise(events):
        assert after.sequence_number == before.sequence_number + 1, (before, after)
        assert after.previous_event_id == before.event_id, (before, after)
        assert after.created_at >= before.created_at, (before, after)
        if after.status is EventStatus.SENT and before.event_id not in redriven:
            assert not before.is_unsent, f"sent before its predecessor: {after}"
    assert (counter.last_number, counter.last_event_id) == (
        events[-1].sequence_number,
        events[-1].event_id,
    ), (counter, events[-1])


def check_no_strangers_events(found: Everything) -> None:
    """Every event is of an entity that there is."""
    known = {entity for name in found.users for entity in found.entities_of(name)}
    unknown = [entity for entity in found.events if entity not in known]
    assert [entity for entity in unknown if entity[0] is not EntityType.SYSTEM] == []


_ACTIONS = {
    EventType.SCORE_CHANGED: (AuditAction.SCORE_ADJUSTED, TargetType.USER),
    EventType.CARD_APPROVED: (AuditAction.CARD_REQUEST_APPROVED, TargetType.CARD_REQUEST),
    EventType.CARD_REJECTED: (AuditAction.CARD_REQUEST_REJECTED, TargetType.CARD_REQUEST),
    EventType.CARD_SUSPENDED: (AuditAction.CARD_SUSPENDED, TargetType.CARD),
    EventType.CARD_REACTIVATED: (AuditAction.CARD_REACTIVATED, TargetType.CARD),
    EventType.CARD_CANCELLED: (AuditAction.CARD_CANCELLED, TargetType.CARD),
    EventType.USER_DISABLED: (AuditAction.USER_DISABLED, TargetType.USER),
    EventType.USER_ENABLED: (AuditAction.USER_ENABLED, TargetType.USER),
    EventType.SYSTEM_CLEANUP: (AuditAction.SYSTEM_CLEANUP, TargetType.SYSTEM),
}


def check_audit(found: Everything) -> None:
    """Each event that an admin is behind has one record, and each record its event.

    Records outlive a cleanup, their events do not; a redriven event makes no event of its own.
    """
    actions = Counter(
        (*_ACTIONS[event.event_type], event.entity_id, event.payload["adminId"])
        for event in found.all_events
        if "adminId" in event.payload
    )
    logs = [log for log in _since_cleanup(found) if log.action is not AuditAction.OUTBOX_REDRIVEN]
    recorded = Counter(
        (log.action, log.target_type, log.target_id, log.admin_ecosystem_id) for log in logs
    )
    assert recorded == actions, f"too many: {recorded - actions}; missing: {actions - recorded}"


_TARGETS = {
    EntityType.USER: TargetType.USER,
    EntityType.CARD: TargetType.CARD,
    EntityType.CARD_REQUEST: TargetType.CARD_REQUEST,
}


def check_audit_pages(backend: PersistenceBackend, found: Everything) -> None:
    """What was done to each target is what the admins did, by whichever of them."""
    for name in found.people:
        for kind, id in found.entities_of(name):
            if kind in _TARGETS:
                target = _TARGETS[kind]
                page = partial(backend.audit_logs.page_of_target, target, id)
                done = [log for log in found.audit_logs if log.target_id == id]
                expected = [log for log in done if log.target_type is target]
                assert sorted(pages(page), key=lambda log: log.log_id) == expected


def _redriven(found: Everything) -> set[str]:
    """Return the ids of events that an admin had sent once more, out of sequence."""
    logs = found.audit_logs
    return {log.target_id for log in logs if log.action is AuditAction.OUTBOX_REDRIVEN}


def _since_cleanup(found: Everything) -> list[AuditLog]:
    logs = found.audit_logs
    cleanups = [i for i, log in enumerate(logs) if log.action is AuditAction.SYSTEM_CLEANUP]
    return logs[cleanups[-1] :] if cleanups else logs


def check_index(backend: PersistenceBackend, found: Everything) -> None:
    """What is unsent is in the index of its shard, and nothing else is."""
    waiting = {event.event_id: event for event in found.all_events if event.is_unsent}
    due_at = max((event.next_retry_at for event in waiting.values()), default=None)
    if due_at is None:
        assert backend.outbox.oldest_unsent() is None
        return
    proposed = {
        proposal.event_id: shard
        for shard in range(backend.outbox.shards)
        for proposal in backend.outbox.proposals(shard, due_at, len(waiting) + 1)
    }
    assert proposed == {event.event_id: event.shard for event in waiting.values()}


def _check_payload(event: Event, **expected: Any) -> None:
    payload: Mapping[str, Any] = event.payload
    actual = {name: payload.get(name) for name in expected}
    assert actual == expected, event

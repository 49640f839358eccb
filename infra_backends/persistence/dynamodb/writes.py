"""A commit as the items of one transaction, each with the condition that it is written on."""

from dataclasses import replace

from financial_api.kernel.clock import iso
from financial_api.kernel.idempotency import IdempotencyKey, IdempotencyRecord
from infra_backends.persistence.commit import Aggregate, Commit, Record, SequenceMove
from infra_backends.persistence.dynamodb.expressions import (
    Parameters,
    check,
    if_absent,
    if_at,
    put,
)
from infra_backends.persistence.dynamodb.items import number, text
from infra_backends.persistence.dynamodb.kinds import IDEMPOTENCY_RECORDS, KINDS, SEQUENCES
from infra_backends.persistence.dynamodb.store import Store


def changes(store: Store, commit: Commit) -> list[Parameters]:
    """Return what a transaction must do to store a commit."""
    items = [_save(store, aggregate) for aggregate in commit.saves]
    items += [_move(store, move) for move in commit.sequences]
    items += [_add(store, record) for record in commit.adds]
    items += [require(store, aggregate) for aggregate in commit.requires]
    if commit.idempotency is not None:
        items.append(_answer(store, commit.idempotency, commit))
    if commit.unless_answered is not None:
        items.append(_unless_answered(store, commit.unless_answered, commit))
    return items


def require(store: Store, aggregate: Aggregate) -> Parameters:
    """Return the check that an aggregate is as it was read."""
    kind = KINDS[type(aggregate)]
    condition = if_at(kind.table, kind.guard, aggregate.version)
    return check(store.name_of(kind.table), kind.key_item(aggregate), condition)


def _save(store: Store, aggregate: Aggregate) -> Parameters:
    kind = KINDS[type(aggregate)]
    stored = replace(aggregate, version=aggregate.version + 1)
    condition = if_at(kind.table, kind.guard, aggregate.version)
    return put(store.name_of(kind.table), kind.to_item(stored), condition)


def _move(store: Store, move: SequenceMove) -> Parameters:
    table, guard, before = SEQUENCES.table, SEQUENCES.guard, move.before.last_number
    condition = if_at(table, guard, before)
    if not before:
        condition = if_absent(table, or_else=(guard, "=", number(0)))
    return put(store.name_of(table), SEQUENCES.to_item(move.after), condition)


def _add(store: Store, record: Record) -> Parameters:
    kind = KINDS[type(record)]
    return put(store.name_of(kind.table), kind.to_item(record), if_absent(kind.table))


def _answer(store: Store, record: IdempotencyRecord, commit: Commit) -> Parameters:
    kind = IDEMPOTENCY_RECORDS
    return put(store.name_of(kind.table), kind.to_item(record), _if_unanswered(commit))


def _unless_answered(store: Store, key: IdempotencyKey, commit: Commit) -> Parameters:
    kind = IDEMPOTENCY_RECORDS
    return check(store.name_of(kind.table), kind.key_item(key), _if_unanswered(commit))


def _if_unanswered(commit: Commit) -> Parameters:
    expired = ("expiresAt", "<=", text(iso(commit.now)))
    return if_absent(IDEMPOTENCY_RECORDS.table, or_else=expired)

"""A commit as statements: everything it names, in the one order that all commits keep."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.backends.utils import CursorWrapper

from financial_api.kernel.idempotency import IdempotencyKey
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.orm.kinds import IDEMPOTENCY_RECORDS, SEQUENCES, TABLES
from infra_backends.persistence.orm.tables import Table


@dataclass(slots=True)
class _Work:
    """What a commit does in one table."""

    updates: list[tuple[Any, int]] = field(default_factory=list)
    holds: list[tuple[Any, int]] = field(default_factory=list)
    inserts: list[Any] = field(default_factory=list)
    absences: list[Any] = field(default_factory=list)


def locks_of(commit: Commit) -> list[int]:
    """Return the numbers that a commit shares with any other that asks after the same answer.

    One of the two may insert the record that the other wants not to be there, and a row that is
    not there cannot be locked.
    """
    keys = [commit.unless_answered, commit.idempotency.key if commit.idempotency else None]
    return sorted({_lock_of(key) for key in keys if key is not None})


def write(cursor: CursorWrapper, commit: Commit) -> None:
    """Store what a commit names, within a transaction that holds its locks.

    Raises ConcurrencyError when one of its conditions does not hold.
    """
    if commit.unless_answered is not None:
        _check_unanswered(cursor, commit.unless_answered, commit)
    work = _sorted_out(commit)
    for table in TABLES.values():
        if table in work:
            _work(cursor, table, work[table])
    if commit.idempotency is not None:
        now = IDEMPOTENCY_RECORDS.prepared("expires_at", commit.now, cursor.db)
        IDEMPOTENCY_RECORDS.insert(cursor, [commit.idempotency], now)


def _sorted_out(commit: Commit) -> dict[Table[Any], _Work]:
    work: dict[Table[Any], _Work] = defaultdict(_Work)
    for aggregate in commit.saves:
        in_table = work[TABLES[type(aggregate)]]
        stored = replace(aggregate, version=aggregate.version + 1)
        if aggregate.version:
            in_table.updates.append((stored, aggregate.version))
        else:
            in_table.inserts.append(stored)
    for move in commit.sequences:
        if move.before.last_number:
            work[SEQUENCES].updates.append((move.after, move.before.last_number))
        else:
            work[SEQUENCES].inserts.append(move.after)
    for record in commit.adds:
        work[TABLES[type(record)]].inserts.append(record)
    for aggregate in commit.requires:
        in_table = work[TABLES[type(aggregate)]]
        if aggregate.version:
            in_table.holds.append((aggregate, aggregate.version))
        else:
            in_table.absences.append(replace(aggregate, version=1))
    return work


def _work(cursor: CursorWrapper, table: Table[Any], work: _Work) -> None:
    """Do a table's part, what is there first, and each by its key."""
    steps: list[tuple[Any, Callable[..., None], Any, int]] = [
        *((table.key_of(entity), table.update, entity, at) for entity, at in work.updates),
        *((table.key_of(entity), table.hold, entity, at) for entity, at in work.holds),
    ]
    for _, step, entity, expected in sorted(steps, key=lambda step: step[0]):
        step(cursor, entity, expected)
    for entity in sorted(work.absences, key=table.key_of):
        table.hold_absent(cursor, entity)
    if work.inserts:
        table.insert(cursor, sorted(work.inserts, key=table.key_of))


def _check_unanswered(cursor: CursorWrapper, key: IdempotencyKey, commit: Commit) -> None:
    record = IDEMPOTENCY_RECORDS.read(cursor.db, [key]).get(key)
    if record is not None and record.is_live(commit.now):
        raise ConcurrencyError("the key has been answered")


def _lock_of(key: IdempotencyKey) -> int:
    name = f"{key.ecosystem_id}#{key.key_hash}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)

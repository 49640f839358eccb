"""Putting things into a store, and looking at all that is in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from financial_api.kernel.idempotency import IdempotencyRecord
from financial_api.kernel.keys import Key
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import MOST_ITEMS, Commit, Record, SequenceMove
from outbox.entities import EntitySequence
from tests.support.builders import MOMENT

T = TypeVar("T")


def store(backend: PersistenceBackend, *rows: Any) -> None:
    """Store new rows of any kind, in as few commits as they fit in."""
    answers = [row for row in rows if isinstance(row, IdempotencyRecord)]
    for answer in answers:
        backend.commit(Commit(now=MOMENT, idempotency=answer))
    for batch in _batches([row for row in rows if not isinstance(row, IdempotencyRecord)]):
        records = [row for row in batch if isinstance(row, Record)]
        counters = [row for row in batch if isinstance(row, EntitySequence)]
        backend.commit(
            Commit(
                now=MOMENT,
                saves=[row for row in batch if row not in records and row not in counters],
                sequences=[first_move(counter) for counter in counters],
                adds=records,
            )
        )


def first_move(counter: EntitySequence) -> SequenceMove:
    """Return the move of an entity's counter from where none was stored."""
    return SequenceMove(replace(counter, last_number=0, last_event_id=None), counter)


def stored(backend: PersistenceBackend, key: Key[T]) -> T | None:
    return backend.read([key]).get(key)


def the(backend: PersistenceBackend, key: Key[T]) -> T:
    """Return what is stored under a key that a test knows to be there."""
    found = stored(backend, key)
    assert found is not None, f"nothing under {key}"
    return found


def _batches(rows: Sequence[Any]) -> Iterator[list[Any]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, MOST_ITEMS)):
        yield batch

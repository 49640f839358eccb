"""What a cleanup deletes: a scan's keys at a time, each batch only while the cleanup is its own."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from financial_api.kernel.cleanup import CleanupState, DeletedCounts
from infra_backends.aws import tables
from infra_backends.aws.tables import Table
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.dynamodb.expressions import Parameters, delete, if_present
from infra_backends.persistence.dynamodb.items import Item
from infra_backends.persistence.dynamodb.store import Store
from infra_backends.persistence.dynamodb.writes import require
from outbox.entities import EntityType

MOST_DELETES = 24
"""In one transaction, so that with the check of the cleanup's state the oldest engines hold it."""
ATTEMPTS = 5
"""How often a batch is found anew of which something was gone."""

KEPT = (f"{EntityType.SYSTEM}#", "lease#", "cleanup")
"""How the keys of what stays beside the counters begin."""

PURGED: tuple[tuple[str, Table, Sequence[str]], ...] = (
    ("users", tables.USERS, ()),
    ("transactions", tables.TRANSACTIONS, ()),
    ("cards", tables.CARDS, ()),
    ("card_requests", tables.CARD_REQUESTS, ()),
    ("events", tables.OUTBOX, ()),
    ("others", tables.SCORES, ()),
    ("others", tables.IDEMPOTENCY, ()),
    ("others", tables.WHATSAPP_NOTIFICATIONS, ()),
    ("others", tables.PENDING_APPROVALS, ()),
    ("others", tables.WHATSAPP_INBOUND, ()),
    ("others", tables.OUTBOX_SEQUENCES, KEPT),
)
"""What a cleanup deletes, in this order, as what it is counted, and which keys it leaves."""


class Purger:
    """Deletes batch after batch; a run goes on at the table at which it was.

    Each table is looked at once more before it says that nothing is left.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reached: tuple[datetime | None, int] = (None, 0)

    def purge(self, limit: int, during: CleanupState | None) -> DeletedCounts:
        """Delete up to `limit` items of a table in which there are any, the first at first."""
        run = None if during is None else during.last_token_issued_at
        of, reached = self._reached
        begin = reached if run is not None and run == of else 0
        for place in [*range(begin, len(PURGED)), *range(begin)]:
            counted_as, table, kept = PURGED[place]
            deleted = _purge_table(self._store, table, kept, limit, during)
            if deleted:
                self._reached = run, place
                return DeletedCounts(**{counted_as: deleted})
        return DeletedCounts()


def _purge_table(
    store: Store, table: Table, kept: Sequence[str], limit: int, during: CleanupState | None
) -> int:
    """Delete up to `limit` items of a table; return how many were deleted."""
    for _ in range(ATTEMPTS):
        deleted = 0
        try:
            for batch in _batches(store.scan_keys(table, limit, kept)):
                store.write([*_while(store, during), *_deletes(store, table, batch)])
                deleted += len(batch)
        except ConcurrencyError:
            if deleted:
                return deleted
            _check_not_overtaken(store, during)
        else:
            return deleted
    raise BackendUnavailable(f"{table.name} keeps changing")


def _while(store: Store, during: CleanupState | None) -> list[Parameters]:
    return [] if during is None else [require(store, during)]


def _deletes(store: Store, table: Table, keys: Sequence[Item]) -> list[Parameters]:
    name, condition = store.name_of(table), if_present(table)
    return [delete(name, key, condition) for key in keys]


def _check_not_overtaken(store: Store, during: CleanupState | None) -> None:
    """Raise ConcurrencyError unless the stored state is still that of this run."""
    if during is not None:
        store.write([require(store, during)])


def _batches(keys: Sequence[Item]) -> Iterator[list[Item]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, MOST_DELETES)):
        yield batch

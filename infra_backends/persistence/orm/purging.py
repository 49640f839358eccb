"""Deleting in batches, with users first in effect although other rows refer to them.

A user is deleted by marking it so: nothing finds it any more, and what was decided on it cannot
be committed. Its row is removed with the last row that refers to it, so that every mark is gone
when everything else is.
"""

from collections.abc import Callable, Collection

from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, F, Model, OuterRef

from financial_api.kernel.cleanup import CleanupState, DeletedCounts
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.orm.kinds import (
    EVENTS,
    IDEMPOTENCY_RECORDS,
    INBOUND_MESSAGES,
    NOTIFICATIONS,
    PENDING_APPROVALS,
    SEQUENCES,
    TABLES,
    TRANSACTIONS,
)
from infra_backends.persistence.orm.models import Card, CardRequest, ScoreRecord, User
from infra_backends.persistence.orm.session import writing
from outbox.entities import EntityType

Step = Callable[[CursorWrapper, int], int]
"""Deletes up to so many rows of one kind and returns how many."""

ATTEMPTS = 5
"""How often a batch is tried that a straggler's row comes in the way of."""

_OF_A_USER = (Card, CardRequest, ScoreRecord)


class Overtaken(ConcurrencyError):
    """Another run of the cleanup has taken over."""


def purge(limit: int, during: CleanupState | None) -> DeletedCounts:
    """Delete up to `limit` rows of the first kind of which there are any.

    Raises Overtaken when the cleanup's state is no longer `during`, BackendUnavailable.
    """
    for _ in range(ATTEMPTS):
        try:
            return _purge(limit, during)
        except Overtaken:
            raise
        except ConcurrencyError as conflict:
            in_the_way = conflict
    raise BackendUnavailable("rows are still being added") from in_the_way


def _purge(limit: int, during: CleanupState | None) -> DeletedCounts:
    for counted_as, delete in _STEPS:
        with writing() as cursor:
            if during is not None:
                _hold(cursor, during)
            count = delete(cursor, limit)
        if count:
            return DeletedCounts(**{counted_as: count})
    return DeletedCounts()


def _hold(cursor: CursorWrapper, during: CleanupState) -> None:
    """Keep the cleanup's state as it is until the batch is deleted."""
    try:
        TABLES[CleanupState].hold(cursor, during, during.version)
    except ConcurrencyError as moved:
        raise Overtaken(str(moved)) from moved


def _delete_users(_: CursorWrapper, limit: int) -> int:
    stored = User.objects.filter(deleted=False).order_by("ecosystem_id")
    ids = list(stored.select_for_update().values_list("ecosystem_id", flat=True)[:limit])
    User.objects.filter(ecosystem_id__in=ids).update(deleted=True, version=F("version") + 1)
    _remove_unneeded(ids)
    return len(ids)


def _delete_of_users(model: type[Model]) -> Step:
    def delete(_: CursorWrapper, limit: int) -> int:
        rows = model._default_manager.order_by("pk").values_list("pk", "ecosystem_id")[:limit]
        owners = dict(rows)
        count: int = model._default_manager.filter(pk__in=list(owners)).delete()[0]
        _remove_unneeded(set(owners.values()))
        return count

    return delete


def _remove_unneeded(ids: Collection[str]) -> None:
    """Remove those users that are marked as deleted and that nothing refers to."""
    if not ids:
        return
    marked = User.objects.filter(ecosystem_id__in=ids, deleted=True)
    locked = list(marked.order_by("ecosystem_id").select_for_update().values_list("pk", flat=True))
    unneeded = User.objects.filter(ecosystem_id__in=locked)
    for model in _OF_A_USER:
        refers = model._default_manager.filter(ecosystem_id=OuterRef("ecosystem_id"))
        unneeded = unneeded.filter(~Exists(refers))
    unneeded.delete()


def _delete_numbers(cursor: CursorWrapper, limit: int) -> int:
    """Delete counters, but not that of the system, whose events go on being numbered."""
    return SEQUENCES.delete_some(cursor, limit, "entity_type <> %s", [EntityType.SYSTEM.value])


_STEPS: tuple[tuple[str, Step], ...] = (
    ("users", _delete_users),
    ("transactions", TRANSACTIONS.delete_some),
    ("cards", _delete_of_users(Card)),
    ("card_requests", _delete_of_users(CardRequest)),
    ("events", EVENTS.delete_some),
    ("others", _delete_of_users(ScoreRecord)),
    ("others", IDEMPOTENCY_RECORDS.delete_some),
    ("others", NOTIFICATIONS.delete_some),
    ("others", PENDING_APPROVALS.delete_some),
    ("others", INBOUND_MESSAGES.delete_some),
    ("others", _delete_numbers),
)
"""What a cleanup deletes, in this order, and as what it is counted."""

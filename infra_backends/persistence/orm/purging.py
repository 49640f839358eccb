"""Deleting in batches, with users first in effect although other rows refer to them.

A user is deleted by marking it so: nothing finds it any more, and what was decided on it cannot
be committed. Its row is removed with the last row that refers to it, so that every mark is gone
when everything else is.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Exists, F, Model, OuterRef, QuerySet

from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.orm.models import (
    Card,
    CardRequest,
    EntitySequence,
    Event,
    IdempotencyRecord,
    ScoreRecord,
    Transaction,
    User,
)
from infra_backends.persistence.orm.session import writing
from outbox.entities import DeletedCounts, EntityType

ATTEMPTS = 5
"""How often a batch is tried that a straggler's row comes in the way of."""

_OF_A_USER = (Card, CardRequest, ScoreRecord)


def purge(limit: int) -> DeletedCounts:
    """Delete up to `limit` rows of the first kind of which there are any.

    Raises BackendUnavailable.
    """
    for _ in range(ATTEMPTS):
        try:
            return _purge(limit)
        except ConcurrencyError as conflict:
            in_the_way = conflict
    raise BackendUnavailable("rows are still being added") from in_the_way


def delete_some(rows: "QuerySet[Any]", limit: int) -> int:
    """Delete up to `limit` of the rows, in their order; return how many."""
    some = rows.model._default_manager.filter(pk__in=rows.values("pk")[:limit])
    count: int = some.delete()[0]
    return count


def _purge(limit: int) -> DeletedCounts:
    for counted_as, delete in _STEPS:
        with writing():
            count = delete(limit)
        if count:
            return DeletedCounts(**{counted_as: count})
    return DeletedCounts()


def _delete_users(limit: int) -> int:
    stored = User.objects.filter(deleted=False).order_by("ecosystem_id")
    ids = list(stored.select_for_update().values_list("ecosystem_id", flat=True)[:limit])
    User.objects.filter(ecosystem_id__in=ids).update(deleted=True, version=F("version") + 1)
    _remove_unneeded(ids)
    return len(ids)


def _delete_of_users(model: type[Model]) -> Callable[[int], int]:
    def delete(limit: int) -> int:
        rows = model._default_manager.order_by("pk").values_list("pk", "ecosystem_id")[:limit]
        owners = dict(rows)
        count = model._default_manager.filter(pk__in=list(owners)).delete()[0]
        _remove_unneeded(set(owners.values()))
        return count

    return delete


def _delete_all(rows: Callable[[], "QuerySet[Any]"]) -> Callable[[int], int]:
    return lambda limit: delete_some(rows().order_by("pk"), limit)


def _remove_unneeded(ids: Collection[str]) -> None:
    """Remove those users that are marked as deleted and that nothing refers to."""
    marked = User.objects.filter(ecosystem_id__in=ids, deleted=True)
    locked = list(marked.order_by("ecosystem_id").select_for_update().values_list("pk", flat=True))
    unneeded = User.objects.filter(ecosystem_id__in=locked)
    for model in _OF_A_USER:
        refers = model._default_manager.filter(ecosystem_id=OuterRef("ecosystem_id"))
        unneeded = unneeded.filter(~Exists(refers))
    unneeded.delete()


_STEPS: tuple[tuple[str, Callable[[int], int]], ...] = (
    ("users", _delete_users),
    ("transactions", _delete_all(lambda: Transaction.objects.all())),
    ("cards", _delete_of_users(Card)),
    ("card_requests", _delete_of_users(CardRequest)),
    ("events", _delete_all(lambda: Event.objects.all())),
    ("others", _delete_of_users(ScoreRecord)),
    ("others", _delete_all(lambda: IdempotencyRecord.objects.all())),
    (
        "others",
        _delete_all(lambda: EntitySequence.objects.exclude(entity_type=EntityType.SYSTEM)),
    ),
)
"""What a cleanup deletes, in this order, and as what it is counted."""

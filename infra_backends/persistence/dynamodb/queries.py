"""What the repositories' queries have in common: a page of a partition, and a list over shards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from infra_backends.persistence.dynamodb import kinds
from infra_backends.persistence.dynamodb.expressions import Selection
from infra_backends.persistence.dynamodb.items import Item
from infra_backends.persistence.dynamodb.kinds import Kind
from infra_backends.persistence.dynamodb.store import Store
from infra_backends.persistence.repositories import Page

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Listing:
    """The indexes that list a kind by its id, and so by time."""

    id: str
    by_time: str
    by_status: str


class Repository:
    """A repository over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _page(
        self,
        kind: Kind[E],
        partition: tuple[str, str],
        *,
        by: str,
        after: str | None = None,
        limit: int,
        index: str | None = None,
        having: Mapping[str, str] | None = None,
    ) -> Page[E]:
        """Return a page of one partition, the last first, in the order of its sort key `by`."""
        selection = Selection(
            partition=partition,
            sort=None if after is None else (by, "<", after),
            having=having or {},
        )
        found = self._store.query(kind.table, selection, index=index, limit=limit + 1)
        return page_of(kind, found, by, limit)

    def _listed(
        self,
        kind: Kind[E],
        listing: Listing,
        *,
        status: str | None,
        after: str | None = None,
        limit: int,
        ascending: bool = False,
        only: Sequence[str] = (),
    ) -> list[Item]:
        """Return the first items of a status or of all, by their ids.

        One list of every status is asked, not each status: what moves from one to another in
        between would be seen twice or not at all.
        """
        index, partition = (
            (listing.by_status, "statusShard") if status else (listing.by_time, "listShard")
        )
        return self._across_shards(
            kind,
            index,
            (partition, status or kinds.EVERY_STATUS),
            by=listing.id,
            sort=None if after is None else (listing.id, ">" if ascending else "<", after),
            limit=limit,
            ascending=ascending,
            only=only,
        )

    def _across_shards(
        self,
        kind: Kind[E],
        index: str,
        partition: tuple[str, str],
        *,
        by: str,
        sort: tuple[str, ...] | None = None,
        limit: int,
        ascending: bool = False,
        only: Sequence[str] = (),
    ) -> list[Item]:
        """Return the first items of an index by its sort key `by`; each shard is asked.

        `partition` is the attribute and what the shards of the index have before their number.
        """
        attribute, name = partition
        found: list[Item] = []
        for shard in range(kinds.LISTING_SHARDS):
            selection = Selection(
                partition=(attribute, kinds.listing_partition(name, shard)), sort=sort, only=only
            )
            found += self._store.query(
                kind.table, selection, index=index, ascending=ascending, limit=limit
            )
        return first(found, by, limit, ascending=ascending)


def first(found: Sequence[Item], by: str, limit: int, *, ascending: bool) -> list[Item]:
    """Return the first of some items in the order of an attribute."""
    in_order = sorted(found, key=lambda item: text_of(item, by), reverse=not ascending)
    return in_order[:limit]


def page_of(kind: Kind[E], found: Sequence[Item], by: str, limit: int) -> Page[E]:
    """Return a page from its items and, if there is another page, one more."""
    items = found[:limit]
    position = text_of(items[-1], by) if len(found) > limit else None
    return Page(list(map(kind.items.from_item, items)), position)


def text_of(item: Item, attribute: str) -> str:
    """Return what an attribute that holds text holds."""
    value: str = item[attribute]["S"]
    return value

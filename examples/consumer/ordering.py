"""Puts events into the order of their entities and lets each through once; knows no queue.

Messages come more than once, in no order, and some never: events in a dead-letter queue leave a
gap. So an event is held back while those before it may still come, for a bounded time, and what
comes after its turn is let through as late.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .reading import ToldEvent

MOST_HELD = 1_000
MOST_ENTITIES = 10_000
MOST_IDS = 100_000


class Turn(StrEnum):
    IN_ORDER = "in order"
    LATE = "late"
    """Events with higher numbers of its entity went before it."""
    DUPLICATE = "duplicate"
    """It was let through before, and is here only for its receipts."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event whose turn has come.

    `receipts` are those of all messages that brought it, to delete them by once it is handed on.
    `missing` are the numbers right before it that did not come in time; empty where none is known
    to be missing.
    """

    event: ToldEvent
    receipts: tuple[str, ...]
    turn: Turn = Turn.IN_ORDER
    missing: range = range(0)


@dataclass(slots=True)
class _Held:
    event: ToldEvent
    held_since: float
    receipts: list[str]


@dataclass(slots=True)
class _Entity:
    """The last event in order, None if none was seen yet, and those that wait for others."""

    last: ToldEvent | None = None
    has_started_again: bool = False
    held: list[_Held] = field(default_factory=list)
    """In the order they were made in."""

    def start_again(self) -> None:
        """Expect number 1 next, as after a cleanup."""
        self.last = None
        self.has_started_again = True


class Ordering:
    """Takes events as they come and returns those whose turn it is.

    An event is held back for at most `gap_seconds`, and with more than `most_held` of them the
    longest held goes at once. Of an entity that was not seen yet, an event after the first is held
    back as well, since which one it begins with cannot be known. What is remembered is bounded: a
    duplicate is known among the last `most_ids` events, an entity among the last `most_entities`.
    """

    def __init__(
        self,
        *,
        gap_seconds: float,
        most_held: int = MOST_HELD,
        most_entities: int = MOST_ENTITIES,
        most_ids: int = MOST_IDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap_seconds = gap_seconds
        self._most_held = most_held
        self._most_entities = most_entities
        self._most_ids = most_ids
        self._monotonic = monotonic
        self._entities: OrderedDict[tuple[str, str], _Entity] = OrderedDict()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        """By event id, the longest held first."""
        self._let_through: OrderedDict[str, None] = OrderedDict()

    def take(self, event: ToldEvent, receipt: str) -> list[Delivery]:
        """Return what may go now that this event came: nothing, itself, and those it held up."""
        if event.event_id in self._let_through:
            return [Delivery(event, (receipt,), Turn.DUPLICATE)]
        if event.event_id in self._held:
            self._held[event.event_id].receipts.append(receipt)
            return []
        deliveries = list(self._place(event, receipt))
        while len(self._held) > self._most_held:
            deliveries += self._give_up_waiting_for(next(iter(self._held.values())))
        while len(self._entities) > self._most_entities:
            deliveries += self._forget_an_entity()
        return deliveries

    def overdue(self) -> list[Delivery]:
        """Return what was held back for long enough, and what goes before or after it."""
        deliveries: list[Delivery] = []
        while self._held:
            longest = next(iter(self._held.values()))
            if self._monotonic() - longest.held_since < self._gap_seconds:
                break
            deliveries += self._give_up_waiting_for(longest)
        return deliveries

    @property
    def held_receipts(self) -> list[str]:
        """The receipts of all that is held back, to give the messages back by."""
        return [receipt for held in self._held.values() for receipt in held.receipts]

    def _place(self, event: ToldEvent, receipt: str) -> Iterator[Delivery]:
        entity = self._entities.setdefault(event.entity, _Entity())
        self._entities.move_to_end(event.entity)
        if _is_late(event, entity.last):
            yield self._let(event, (receipt,), Turn.LATE)
            return
        if _is_next(event, entity.last) or _is_of_a_new_sequence(event, entity.last):
            while entity.held and entity.held[0].event.created_at < event.created_at:
                yield self._release(entity)
        if _is_of_a_new_sequence(event, entity.last):
            entity.start_again()
        if _is_next(event, entity.last):
            yield self._advance(entity, event, (receipt,))
            yield from self._follow_up(entity)
        else:
            held = _Held(event, self._monotonic(), [receipt])
            self._held[event.event_id] = held
            entity.held.append(held)
            entity.held.sort(key=_order)

    def _follow_up(self, entity: _Entity) -> Iterator[Delivery]:
        """Let those through that were held back and are next."""
        while entity.held and _is_next(entity.held[0].event, entity.last):
            yield self._release(entity)

    def _give_up_waiting_for(self, held: _Held) -> Iterator[Delivery]:
        """Let an event through that was held back, with all before it and all that follow it."""
        entity = self._entities[held.event.entity]
        while held.event.event_id in self._held:
            if _is_of_a_new_sequence(entity.held[0].event, entity.last):
                entity.start_again()
            yield self._release(entity)
        yield from self._follow_up(entity)

    def _release(self, entity: _Entity) -> Delivery:
        held = entity.held.pop(0)
        del self._held[held.event.event_id]
        return self._advance(entity, held.event, tuple(held.receipts))

    def _advance(self, entity: _Entity, event: ToldEvent, receipts: tuple[str, ...]) -> Delivery:
        before = entity.last.sequence_number if entity.last else 0
        is_joined = entity.last is None and not entity.has_started_again
        missing = range(0) if is_joined else range(before + 1, event.sequence_number)
        entity.last = event
        return self._let(event, receipts, Turn.IN_ORDER, missing)

    def _let(
        self,
        event: ToldEvent,
        receipts: tuple[str, ...],
        turn: Turn,
        missing: range = range(0),
    ) -> Delivery:
        self._let_through[event.event_id] = None
        while len(self._let_through) > self._most_ids:
            self._let_through.popitem(last=False)
        return Delivery(event, receipts, turn, missing)

    def _forget_an_entity(self) -> list[Delivery]:
        entity = next(iter(self._entities.values()))
        deliveries = [self._release(entity) for _ in list(entity.held)]
        self._entities.popitem(last=False)
        return deliveries


def _order(held: _Held) -> tuple[object, int]:
    """An entity's events are made in the order of their numbers, also over a cleanup."""
    return held.event.created_at, held.event.sequence_number


def _is_late(event: ToldEvent, last: ToldEvent | None) -> bool:
    if last is None:
        return False
    return (event.created_at, event.sequence_number) <= (last.created_at, last.sequence_number)


def _is_next(event: ToldEvent, last: ToldEvent | None) -> bool:
    if last is None:
        return event.sequence_number == 1
    return (
        event.sequence_number == last.sequence_number + 1
        and event.previous_event_id == last.event_id
    )


def _is_of_a_new_sequence(event: ToldEvent, last: ToldEvent | None) -> bool:
    """Return True for an event that is made later than the last and does not come after it.

    So it is after a cleanup, when an entity's numbers start again at 1.
    """
    if last is None or _is_late(event, last):
        return False
    return event.sequence_number <= last.sequence_number + 1 and not _is_next(event, last)

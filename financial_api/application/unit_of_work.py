"""The unit of work: what one attempt at a command has read and wants to write."""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from accounts.audit import AuditAction, AuditLog, TargetType
from accounts.callers import Caller
from financial_api.kernel import clock, ids
from financial_api.kernel.clock import TICK
from financial_api.kernel.errors import ApiError
from financial_api.kernel.idempotency import IdempotencyRecord
from financial_api.kernel.keys import Key, Reading
from infra_backends.persistence.commit import Aggregate, Commit, Record, SequenceMove
from outbox.entities import EntitySequence, Event, EventDraft, SequenceKey, shard_of

T = TypeVar("T")


class RecordedRefusal(Exception):
    """A refusal that leaves a record of itself, and nothing else."""

    def __init__(self, error: ApiError) -> None:
        self.error = error
        super().__init__(error.message)


class UnitOfWork:
    """Collects the writes of a command; nothing is written before the one commit.

    `now` is the time of everything the command makes: never before the last change of anything
    it has read, whatever the clocks of other processes said then.
    """

    def __init__(self, caller: Caller, reading: Reading, outbox_shards: int) -> None:
        self.caller = caller
        self.now: datetime = clock.after(
            *(row.updated_at for row in reading if hasattr(row, "updated_at"))
        )
        self._reading = reading
        self._outbox_shards = outbox_shards
        self._saves: dict[Key[Any], Aggregate] = {}
        self._adds: list[Record] = []
        self._requires: dict[Key[Any], Aggregate] = {}
        self._events: list[Event] = []
        self._sequences: dict[SequenceKey, SequenceMove] = {}

    def get(self, key: Key[T]) -> T | None:
        """Return what was read under `key`; KeyError if the command did not name it."""
        return self._reading.get(key)

    def save(self, *aggregates: Aggregate) -> None:
        """Store these, new or at the version they were read with."""
        for aggregate in aggregates:
            self._saves[aggregate.key] = aggregate

    def add(self, record: Record) -> None:
        """Store something that never changes."""
        self._adds.append(record)

    def require(self, *aggregates: Aggregate) -> None:
        """Commit only if these are still as they were read."""
        for aggregate in aggregates:
            self._requires[aggregate.key] = aggregate

    def emit(self, draft: EventDraft, *, first: bool = False) -> None:
        """Number an event and store it; `first` for an entity that this command makes."""
        key = SequenceKey(draft.entity_type, draft.entity_id)
        move = self._sequences.get(key)
        if move is None:
            before = (None if first else self._reading.get(key)) or EntitySequence(
                entity_type=key.entity_type, entity_id=key.entity_id
            )
            move = SequenceMove(before, before)
        event = Event(
            event_id=ids.new_id(self.now + len(self._events) * TICK),
            event_type=draft.event_type,
            entity_type=draft.entity_type,
            entity_id=draft.entity_id,
            ecosystem_id=draft.ecosystem_id,
            sequence_number=move.after.last_number + 1,
            previous_event_id=move.after.last_event_id,
            payload=draft.payload,
            traceparent=self.caller.origin.traceparent,
            shard=shard_of(draft.entity_type, draft.entity_id, self._outbox_shards),
            next_retry_at=self.now,
            created_at=self.now,
        )
        after = replace(move.after, last_number=event.sequence_number, last_event_id=event.event_id)
        self._sequences[key] = SequenceMove(move.before, after)
        self._events.append(event)

    def audit(
        self,
        action: AuditAction,
        target: tuple[TargetType, str],
        *,
        reason: str,
        owner: str | None = None,
        previous: dict[str, Any] | None = None,
        new: dict[str, Any] | None = None,
    ) -> None:
        """Leave a record that the caller did this; `owner` is the target's ecosystemId."""
        self.add(
            AuditLog(
                log_id=ids.new_id(self.now),
                admin_ecosystem_id=self.caller.ecosystem_id,
                admin_email=self.caller.email,
                action=action,
                target_type=target[0],
                target_id=target[1],
                target_ecosystem_id=owner,
                previous_value=previous,
                new_value=new,
                reason=reason,
                request_id=self.caller.origin.request_id,
                ip_address=self.caller.origin.ip_address,
                user_agent=self.caller.origin.user_agent,
                timestamp=self.now,
            )
        )

    def refuse(
        self, error: ApiError, *, keeping: Record, because_of: tuple[Aggregate, ...]
    ) -> RecordedRefusal:
        """Return what to raise when a refusal is to be kept.

        Only `keeping` will be written, on condition that what the refusal rests on is unchanged.
        """
        self._saves.clear()
        self._events.clear()
        self._sequences.clear()
        self._requires.clear()
        self._adds = [keeping]
        self.require(*because_of)
        return RecordedRefusal(error)

    @property
    def event_shards(self) -> set[int]:
        """The shards of the events emitted so far."""
        return {event.shard for event in self._events}

    def to_commit(
        self, at: datetime, answer: IdempotencyRecord | None, unless: Any = None
    ) -> Commit:
        """Return everything collected as one commit; `at` is when the key was looked up."""
        return Commit(
            now=at,
            saves=(*self._saves.values(), *self._events),
            sequences=tuple(self._sequences.values()),
            adds=tuple(self._adds),
            requires=tuple(
                aggregate for key, aggregate in self._requires.items() if key not in self._saves
            ),
            idempotency=answer,
            unless_answered=unless,
        )

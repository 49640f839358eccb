"""Events, the counters that number them, and the leases of those who send them."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from financial_api.kernel.keys import Key, Stored


class EntityType(StrEnum):
    USER = "user"
    SCORE = "score"
    CARD_REQUEST = "cardRequest"
    CARD = "card"
    SYSTEM = "system"


class EventType(StrEnum):
    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    SCORE_CHANGED = "score.changed"
    CARD_REQUESTED = "card.requested"
    CARD_APPROVED = "card.approved"
    CARD_REJECTED = "card.rejected"
    CARD_SUSPENDED = "card.suspended"
    CARD_REACTIVATED = "card.reactivated"
    CARD_CANCELLED = "card.cancelled"
    TRANSACTION_PURCHASE = "transaction.purchase"
    TRANSACTION_PAYMENT = "transaction.payment"
    SYSTEM_CLEANUP = "system.cleanup"


class EventStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Waiting for a retry."""
    DEAD_LETTER = "dead_letter"


UNSENT = frozenset({EventStatus.PENDING, EventStatus.FAILED})


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What happened, before the commit numbers it."""

    event_type: EventType
    entity_type: EntityType
    entity_id: str
    ecosystem_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventKey(Key["Event"]):
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Stored):
    """An event in the outbox. Its payload holds JSON values, money as `Decimal`."""

    event_id: str
    event_type: EventType
    entity_type: EntityType
    entity_id: str
    ecosystem_id: str
    sequence_number: int
    previous_event_id: str | None = None
    payload: Mapping[str, Any]
    traceparent: str | None = None
    shard: int
    status: EventStatus = EventStatus.PENDING
    retry_count: int = 0
    last_error: str | None = None
    next_retry_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    deliveries: tuple[str, ...] = ()
    """The subscribers that have already had it."""
    version: int = 0

    @property
    def key(self) -> EventKey:
        return EventKey(self.event_id)

    @property
    def is_unsent(self) -> bool:
        return self.status in UNSENT

    @property
    def entity(self) -> tuple[EntityType, str]:
        return self.entity_type, self.entity_id


def shard_of(entity_type: str, entity_id: str, shards: int) -> int:
    """Return the shard of an entity's events: a hash that is the same in every process."""
    return zlib.crc32(f"{entity_type}#{entity_id}".encode()) % shards


@dataclass(frozen=True, slots=True)
class SequenceKey(Key["EntitySequence"]):
    entity_type: EntityType
    entity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySequence(Stored):
    """The counter of one entity's events: number and id of the last; 0 before the first."""

    entity_type: EntityType
    entity_id: str
    last_number: int = 0
    last_event_id: str | None = None

    @property
    def key(self) -> SequenceKey:
        return SequenceKey(self.entity_type, self.entity_id)


@dataclass(frozen=True, slots=True)
class LeaseKey(Key["Lease"]):
    shard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease(Stored):
    """Who may drain a shard, and until when on the wall clock; nobody when `holder` is None."""

    shard: int
    holder: str | None = None
    expires_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> LeaseKey:
        return LeaseKey(self.shard)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a shard still has to send: how many events, and when the oldest was made."""

    depth: int
    oldest: datetime | None

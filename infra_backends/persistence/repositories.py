"""The repositories: what can be asked of each aggregate's store beyond a read by key.

Reads by key and all writes go through `PersistenceBackend.read` and `.commit`; these are the
queries. Every method may raise BackendUnavailable. Pages are stable while rows are added: a row
is never shown twice, and one that was there at the first page is never missed.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from accounts.audit import AuditLog, TargetType
from accounts.entities import ScoreRecord
from cards.entities import Card, CardRequest, CardRequestKey, RequestStatus
from notifications.entities import DeliveryStatus, InboundMessage, Notification, PendingApproval
from outbox.entities import Backlog, EntityType, Event, EventStatus
from transactions.entities import Transaction, TransactionType

T = TypeVar("T")

MOST_WITH_SHORT_CODE = 10
"""How many requests of one short code are told apart; more than one is too many already."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next page starts: None when there are no more."""

    items: Sequence[T]
    next_position: str | None


class UserRepository(ABC):
    @abstractmethod
    def score_history(self, ecosystem_id: str, limit: int) -> Sequence[ScoreRecord]:
        """Return the latest changes of a user's score, newest first."""


class CardRepository(ABC):
    @abstractmethod
    def of_user(self, ecosystem_id: str) -> Sequence[Card]:
        """Return all cards of a user, newest first; consistent."""


class CardRequestRepository(ABC):
    @abstractmethod
    def owner_of(self, request_id: str) -> str | None:
        """Return the ecosystemId of a request's user, or None; may lag behind a commit."""

    @abstractmethod
    def with_short_code(self, short_code: str) -> Sequence[CardRequestKey]:
        """Return which requests have these for the last 8 characters of their ids, newest first.

        MOST_WITH_SHORT_CODE of them at the most; may lag behind a commit.
        """

    @abstractmethod
    def page(
        self, status: RequestStatus | None, *, oldest_first: bool, after: str | None, limit: int
    ) -> Page[CardRequest]:
        """Return requests of all users by the time they were made; may lag behind a commit."""


class TransactionRepository(ABC):
    @abstractmethod
    def page(
        self,
        ecosystem_id: str,
        card_id: str,
        type: TransactionType | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Transaction]:
        """Return a card's transactions, newest first; consistent.

        A page costs the same however long the history is, and whether or not it is filtered.
        """


class IdempotencyRepository(ABC):
    @abstractmethod
    def delete_expired(self, now: datetime, limit: int) -> int:
        """Delete up to `limit` records that expired before `now`; return how many.

        A store that lets them expire by itself deletes none here.
        """


@dataclass(frozen=True, slots=True)
class Proposal:
    """An event the pending index proposes: it may be stale, so nothing is decided by it."""

    event_id: str
    previous_event_id: str | None
    next_retry_at: datetime


class OutboxRepository(ABC):
    shards: int
    """How many shards the pending index has; the number may only grow."""

    @abstractmethod
    def proposals(self, shard: int, due_at: datetime, limit: int) -> Sequence[Proposal]:
        """Return unsent events of a shard that are due, by next retry, number and id.

        This is an index: it may lag behind a commit in either direction.
        """

    @abstractmethod
    def backlog(self, shard: int) -> Backlog:
        """Return how much of a shard is unsent; may lag behind a commit."""

    @abstractmethod
    def delete_sent(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` events sent before a time; return how many.

        A store that lets them expire by itself deletes none here.
        """

    @abstractmethod
    def oldest_unsent(self) -> datetime | None:
        """Return when the oldest unsent event was made, or None; may lag behind a commit."""

    @abstractmethod
    def page(
        self,
        status: EventStatus | None,
        entity: tuple[EntityType, str] | None,
        *,
        after: str | None,
        limit: int,
    ) -> Page[Event]:
        """Return events, newest first; may lag behind a commit."""


class AuditLogRepository(ABC):
    @abstractmethod
    def page_of_target(
        self, target_type: TargetType, target_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        """Return what was done to a target, newest first."""

    @abstractmethod
    def page_of_actor(
        self, admin_ecosystem_id: str, *, after: str | None, limit: int
    ) -> Page[AuditLog]:
        """Return what an admin did, newest first; may lag behind a commit."""


class NotificationRepository(ABC):
    @abstractmethod
    def due(self, now: datetime, limit: int) -> Sequence[Notification]:
        """Return undelivered messages whose next try has come, the longest due first.

        This is an index: it may lag behind a commit in either direction.
        """

    @abstractmethod
    def with_status(self, status: DeliveryStatus, limit: int) -> Sequence[Notification]:
        """Return messages of a status, the last tried first; may lag behind a commit."""

    @abstractmethod
    def of_entity(
        self, entity_type: EntityType, entity_id: str, limit: int
    ) -> Sequence[Notification]:
        """Return messages about an entity, newest first; may lag behind a commit."""


class InboundMessageRepository(ABC):
    @abstractmethod
    def of_sender(self, phone: str, limit: int) -> Sequence[InboundMessage]:
        """Return messages from a phone (13 digits), newest first; may lag behind a commit."""


class PendingApprovalRepository(ABC):
    @abstractmethod
    def expired(self, now: datetime, limit: int) -> Sequence[PendingApproval]:
        """Return trackers that are still pending at their expiry, the longest expired first.

        This is an index: it may lag behind a commit in either direction.
        """

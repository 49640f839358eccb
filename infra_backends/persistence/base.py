"""The contract of a persistence backend.

`tests/backends` states it as a suite; a new backend is written by making that suite pass.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from financial_api.kernel.cleanup import CleanupState, DeletedCounts
from financial_api.kernel.keys import Key, Reading
from infra_backends.base import BaseBackend
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.repositories import (
    AuditLogRepository,
    CardRepository,
    CardRequestRepository,
    IdempotencyRepository,
    InboundMessageRepository,
    NotificationRepository,
    OutboxRepository,
    PendingApprovalRepository,
    TransactionRepository,
    UserRepository,
)


class PersistenceBackend(BaseBackend, ABC):
    """A store: one batch read, one atomic commit, and a repository for each aggregate."""

    setting = "PERSISTENCE"

    shared_between_processes: ClassVar[bool] = True
    """Whether several processes see the same data; one that does not serves one process only."""

    users: UserRepository
    cards: CardRepository
    card_requests: CardRequestRepository
    transactions: TransactionRepository
    idempotency: IdempotencyRepository
    outbox: OutboxRepository
    audit_logs: AuditLogRepository
    notifications: NotificationRepository
    inbound_messages: InboundMessageRepository
    pending_approvals: PendingApprovalRepository

    @abstractmethod
    def read(self, keys: Sequence[Key[Any]]) -> Reading:
        """Return what is stored under each key, in one batch.

        Each thing is the last committed one, yet together they are no snapshot. A member of an
        enumeration that only another version knows is what `member` gives. Raises
        BackendUnavailable.
        """

    def leave_thread(self) -> None:
        """Release what the calling thread holds, before it ends."""

    @abstractmethod
    def commit(self, commit: Commit) -> None:
        """Store everything in `commit`, or nothing.

        What others than this version have stored beside it, saves and moves leave there. Raises
        ConcurrencyError when one of its conditions does not hold (see `Commit`), and
        BackendUnavailable, by which it may have taken effect if the failure is UNKNOWN.
        """

    @abstractmethod
    def purge(self, limit: int, during: CleanupState | None = None) -> DeletedCounts:
        """Delete about `limit` rows of what a cleanup deletes, users before what is theirs.

        Returns true counts; all zero when nothing was left. Audit logs, the cleanup's state and
        the counter of the `system` entity stay. Given the state of the run it belongs to, it
        raises ConcurrencyError, and deletes nothing, once another run has taken over.
        """

"""The atomic commit: everything that one command writes, and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.audit import AuditLog
from accounts.entities import ScoreRecord, User
from cards.entities import Card, CardRequest
from financial_api.kernel.cleanup import CleanupState
from financial_api.kernel.idempotency import IdempotencyKey, IdempotencyRecord
from notifications.entities import InboundMessage, Notification, PendingApproval
from outbox.entities import EntitySequence, Event, Lease
from transactions.entities import Transaction

Aggregate = (
    User | Card | CardRequest | Event | CleanupState | Lease | Notification | PendingApproval
)
"""What carries a version; version 0 has never been stored."""

Record = Transaction | ScoreRecord | AuditLog | InboundMessage
"""What is written once and never changes."""

MOST_ITEMS = 10
"""The most things one commit may name, so that every store's transactions can hold it."""


@dataclass(frozen=True, slots=True)
class SequenceMove:
    """A counter as it was read and as it shall be after the events of this commit."""

    before: EntitySequence
    after: EntitySequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is stored together or not at all, each with the condition it is stored on.

    - `saves`: aggregates at the version they were read with, stored with the next one; at version
      0 there must be none yet.
    - `sequences`: the stored counter must still be `before`.
    - `adds`: there must be none of that key.
    - `requires`: nothing is written; the stored version must be the one it carries.
    - `idempotency`: no record under its key may be live at `now`.
    - `unless_answered`: nothing is written; the same condition.
    """

    now: datetime
    saves: Sequence[Aggregate] = ()
    sequences: Sequence[SequenceMove] = ()
    adds: Sequence[Record] = ()
    requires: Sequence[Aggregate] = ()
    idempotency: IdempotencyRecord | None = None
    unless_answered: IdempotencyKey | None = None

    def __post_init__(self) -> None:
        if len(self) > MOST_ITEMS:
            raise ValueError(f"a commit of {len(self)} things; at most {MOST_ITEMS} go together")

    def __len__(self) -> int:
        """Return how many things the commit names."""
        named = (self.saves, self.sequences, self.adds, self.requires)
        single = (self.idempotency, self.unless_answered)
        return sum(map(len, named)) + sum(one is not None for one in single)

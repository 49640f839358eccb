"""What is stored of a cleanup, and what one has deleted."""

from dataclasses import astuple, dataclass
from datetime import datetime

from financial_api.kernel.keys import Key, Stored

CLEANUP_ENTITY_ID = "cleanup"
"""Whose events and audit records a cleanup's are: the system's entity of this id."""


@dataclass(frozen=True, slots=True)
class DeletedCounts:
    """How many rows a cleanup deleted, of the kinds it answers for and of all kinds."""

    users: int = 0
    cards: int = 0
    transactions: int = 0
    card_requests: int = 0
    events: int = 0
    others: int = 0

    def __add__(self, other: "DeletedCounts") -> "DeletedCounts":
        return DeletedCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def __bool__(self) -> bool:
        return self != DeletedCounts()


@dataclass(frozen=True, slots=True)
class CleanupKey(Key["CleanupState"]):
    """The key of the one cleanup state there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupState(Stored):
    """Whether a cleanup runs, when it last gave a sign, and the last token that started one."""

    running: bool = False
    heartbeat_at: datetime | None = None
    last_token_issued_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> CleanupKey:
        return CleanupKey()

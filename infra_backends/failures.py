"""What may come of asking a backend besides an answer, and what is then done: the one table.

Each adapter says which of these an error of its service is; what follows from that is said here,
and `infra_backends.retries` does it.
"""

from dataclasses import dataclass
from enum import Enum, auto

from financial_api.kernel.errors import (
    ApiError,
    InternalError,
    ServiceUnavailable,
    VersionConflict,
)


class Again(Enum):
    """Whether the same is tried again."""

    NO = auto()
    AS_IT_IS = auto()
    """The very request, under the token that it had where it has one."""
    THE_REST = auto()
    """What was left of it."""
    ANEW = auto()
    """Everything is read and decided again, and is another request."""


class Failure(Enum):
    """What came of it; of several that are told at once the first counts."""

    MOVED = auto()
    """A condition did not hold: nothing was done, and the same would fail again."""
    CANCELLED = auto()
    """Nothing was done, for reasons that were not told."""
    CONFLICT = auto()
    """Another transaction is at the same things: nothing was done."""
    THROTTLED = auto()
    """There was no room for it: nothing was done."""
    PARTIAL = auto()
    """A part was done, and there was no room for the rest."""
    UNKNOWN = auto()
    """It was sent, and no answer says whether it was done."""
    AWAY = auto()
    """It was not sent, or not to the end: nothing was done."""
    UNASKED = auto()
    """Nobody was asked: there was no time left, or lately all were asked in vain."""
    REFUSED = auto()
    """Credentials, permissions, a resource that is missing, in the making or full."""
    OURS = auto()
    """A fault of this program's."""


@dataclass(frozen=True, slots=True)
class Handling:
    """Whether it is tried again, and what a client is told when that was in vain."""

    again: Again
    told: type[ApiError]


HANDLING = {
    Failure.MOVED: Handling(Again.ANEW, VersionConflict),
    Failure.CANCELLED: Handling(Again.ANEW, ServiceUnavailable),
    Failure.CONFLICT: Handling(Again.AS_IT_IS, VersionConflict),
    Failure.THROTTLED: Handling(Again.AS_IT_IS, ServiceUnavailable),
    Failure.PARTIAL: Handling(Again.THE_REST, ServiceUnavailable),
    Failure.UNKNOWN: Handling(Again.AS_IT_IS, ServiceUnavailable),
    Failure.AWAY: Handling(Again.AS_IT_IS, ServiceUnavailable),
    Failure.UNASKED: Handling(Again.NO, ServiceUnavailable),
    Failure.REFUSED: Handling(Again.NO, ServiceUnavailable),
    Failure.OURS: Handling(Again.NO, InternalError),
}

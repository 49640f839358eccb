"""The one policy of trying again: the table says whether, and the time that is left how often."""

import random
from collections.abc import Callable
from typing import TypeVar

from financial_api.kernel import clock, deadline
from infra_backends.exceptions import BackendFailure
from infra_backends.failures import HANDLING, Again, Failure

T = TypeVar("T")

MOST_TRIES = 10
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
PATIENT_SECONDS = 5.0
"""How long it is tried where no deadline runs."""
SPARE_SECONDS = 2 * deadline.LEAST_SECONDS
"""What must be left after a pause: two calls, be they a read and a commit, or one and a look at
what became of it."""


def retried(attempt: Callable[[], T], again: Again = Again.AS_IT_IS) -> T:
    """Return what `attempt` returns; try it again after a failure that the table has for `again`.

    It goes on until the deadline, or for some seconds where none runs, with full jitter in
    between. Then it raises the last failure of which it was told something: what was unknown once
    stays so, unless a condition that failed has told that it was not done.
    """
    ends_at = clock.monotonic() + deadline.remaining(PATIENT_SECONDS)
    told: BackendFailure | None = None
    tries = 0
    while True:
        try:
            return attempt()
        except BackendFailure as error:
            if told is None or _tells_more(error.failure, told.failure):
                told = error
            pause = random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries))  # noqa: S311  # jitter
            tries += 1
            is_late = clock.monotonic() + pause + SPARE_SECONDS > ends_at
            if tries == MOST_TRIES or is_late or HANDLING[error.failure].again is not again:
                raise told from told.__cause__
        clock.sleep(pause)


def _tells_more(failure: Failure, earlier: Failure) -> bool:
    is_told = earlier is not Failure.UNKNOWN and failure is not Failure.UNASKED
    return is_told or failure is Failure.MOVED

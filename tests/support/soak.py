"""How much a run asks of the service: what CI has time for, or with SOAK=1 all that is promised."""

import os
from typing import TypeVar

T = TypeVar("T")


def soaking(promised: T, in_ci: T) -> T:
    """Return the first in a soak, and the second in every other run."""
    return promised if os.environ.get("SOAK") else in_ci

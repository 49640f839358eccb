"""Waiting for a resource that AWS is still making, changing or deleting."""

from collections.abc import Callable

from financial_api.kernel import clock
from infra_backends.aws.provisioning.changes import ProvisioningError

LONGEST_SECONDS = 600.0
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 2.0


def wait_until(
    is_so: Callable[[], bool], what: str, longest_seconds: float = LONGEST_SECONDS
) -> None:
    """Return when it is so; raise ProvisioningError when `what` was still to come at the end."""
    ends_at = clock.monotonic() + longest_seconds
    pause = FIRST_PAUSE
    while not is_so():
        if clock.monotonic() >= ends_at:
            raise ProvisioningError(f"After {longest_seconds:g} seconds still waiting for {what}.")
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)

"""Whether an address is this machine's own."""

import functools

from financial_api.kernel.addresses import canonical


@functools.lru_cache(maxsize=4096)
def is_loopback(host: str) -> bool:
    """Return True for `localhost` and the addresses of this machine's loopback interface."""
    if host == "localhost":
        return True
    try:
        return canonical(host.strip("[]")).is_loopback
    except ValueError:
        return False

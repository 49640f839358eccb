"""What the service's caches fetch in threads of their own."""

import threading

MOST_SECONDS = 60.0


def fetching() -> list[threading.Thread]:
    """Return the threads in which caches fetch."""
    return [one for one in threading.enumerate() if one.name.startswith("cache: ")]


def settle() -> None:
    """Return when nothing is being fetched aside any more."""
    for thread in fetching():
        thread.join(MOST_SECONDS)
        assert not thread.is_alive()

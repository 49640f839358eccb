"""What a source that says nothing costs those who have a value of it, and those who have none.

python -m tests.bench.silence
"""

import threading
import time
from collections.abc import Callable

from financial_api.kernel import deadline
from financial_api.kernel.cache import Cache
from tests.support.threads import Together

THREADS = 60
GETS = 50
TARGET_MILLISECONDS = 1.0


class Silent(Exception):
    pass


def costs(cache: Cache[str, int], fetch: Callable[[], int]) -> list[float]:
    """Return the milliseconds of each get of many threads at once, shortest first.

    CPU of the calling thread: what it waits for the others is this machine's doing.
    """

    def ask() -> list[float]:
        taken = []
        for _ in range(GETS):
            since = time.thread_time()
            cache.get("key", fetch)
            taken.append((time.thread_time() - since) * 1000)
        return taken

    found = Together(lambda: None).run([ask] * THREADS)
    return sorted(each for taken in found for each in taken)


def waits(cache: Cache[str, int], fetch: Callable[[], int]) -> tuple[float, int]:
    """Return the longest wait in seconds of threads that have two, and how many were refused."""

    def ask() -> tuple[float, bool]:
        since = time.monotonic()
        try:
            with deadline.within(2):
                cache.get("key", fetch)
        except Silent:
            return time.monotonic() - since, True
        return time.monotonic() - since, False

    found = Together(lambda: None).run([ask] * THREADS)
    return max(seconds for seconds, _ in found), sum(refused for _, refused in found)


def main() -> None:
    opening = threading.Event()
    asked = []

    def silent() -> int:
        asked.append(None)
        opening.wait(60)
        raise Silent("nothing")

    def report(what: str, cache: Cache[str, int]) -> None:
        asked.clear()
        taken = costs(cache, silent)
        median, most = taken[len(taken) // 2], taken[-1]
        print(f"{what:30} median {median:.4f} ms, most {most:.3f} ms, asked {len(asked)} times")

    print(f"{THREADS} threads, {GETS} gets each; at the most {TARGET_MILLISECONDS} ms")
    ages = {"usable_seconds": 1e6, "fresh_seconds": 1e5}
    for what, began_at in (("fresh", None), ("usable", -1e5)):
        cache: Cache[str, int] = Cache("silent", Silent, **ages)
        cache.put("key", 1, began_at=began_at)
        report(what, cache)
    cache = Cache("silent", Silent, patience=0.5, **ages)
    cache.put("key", 1, began_at=-1e5)
    since = time.monotonic()
    cache.get("key", silent)
    print(f"{'usable, the first, with 0.5 s of patience':30} {time.monotonic() - since:.2f} s")
    report("usable, with patience, later", cache)

    asked.clear()
    cache = Cache("silent", Silent, aside=True, **ages)
    longest, refused = waits(cache, silent)
    print(f"{'none':30} {refused} refused, after {longest:.2f} s, asked {len(asked)} times")
    opening.set()


if __name__ == "__main__":
    main()

"""What becomes of many writers on one SQLite file, by how their transactions begin?

    python -m tests.bench.write_lock

Four processes of 16 threads add to one row, 100 times each: they read it in a transaction, write
it, and wait for SQLite's lock for as long as a request may. A count that is missing was refused.
"""

import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from financial_api.kernel import deadline
from financial_api.kernel.fair_lock import FairLock

PROCESSES, THREADS, WRITES = 4, 16, 100
WAIT_SECONDS = deadline.REQUEST_SECONDS

WAYS = {
    "BEGIN": ("BEGIN", False),
    "BEGIN IMMEDIATE": ("BEGIN IMMEDIATE", False),
    "a fair lock, BEGIN IMMEDIATE": ("BEGIN IMMEDIATE", True),
}

lock = FairLock()


def connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def add_one(connection: sqlite3.Connection, begin: str, ends_at: float) -> None:
    """Raises OperationalError where the database does not let it."""
    left = max(1, int((ends_at - time.monotonic()) * 1000))
    connection.execute(f"PRAGMA busy_timeout = {left}")
    try:
        connection.execute(begin)
        (count,) = connection.execute("SELECT count FROM account").fetchone()
        connection.execute("UPDATE account SET count = ?", [count + 1])
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def write(path: Path, way: str, _: int) -> list[float]:
    """Return the seconds of each write of a thread, refused or not."""
    begin, is_fair = WAYS[way]
    times = []
    with contextlib.closing(connected(path)) as connection:
        for _ in range(WRITES):
            started = time.monotonic()
            turn = lock.held(WAIT_SECONDS) if is_fair else contextlib.nullcontext()
            with contextlib.suppress(TimeoutError, sqlite3.OperationalError), turn:
                add_one(connection, begin, started + WAIT_SECONDS)
            times.append(time.monotonic() - started)
    return times


def process(path: Path, way: str, _: int) -> list[float]:
    return spread(partial(write, path, way), ThreadPoolExecutor(THREADS), THREADS)


def spread(
    work: Callable[[int], list[float]],
    pool: ThreadPoolExecutor | ProcessPoolExecutor,
    times: int,
) -> list[float]:
    with pool:
        return [seconds for some in pool.map(work, range(times)) for seconds in some]


def measured(way: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.sqlite3"
        with contextlib.closing(connected(path)) as connection:
            connection.execute("CREATE TABLE account (count INTEGER)")
            connection.execute("INSERT INTO account VALUES (0)")
        started = time.monotonic()
        pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))
        times = spread(partial(process, path, way), pool, PROCESSES)
        seconds = time.monotonic() - started
        with contextlib.closing(connected(path)) as connection:
            (count,) = connection.execute("SELECT count FROM account").fetchone()
    times.sort()
    p99 = times[len(times) * 99 // 100]
    done = f"{count:5} of {len(times)}, {count / seconds:5.0f}/s"
    return f"{done}, p99 {p99:.3f} s, most {times[-1]:.3f} s"


def main() -> None:
    for way in WAYS:
        sys.stdout.write(f"{way:30}{measured(way)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Lines to standard error, for which nobody waits.

A line is one call of the system's `write`: processes that share a pipe do not write into each
other's lines. Whoever reads the pipe may stop, and a request must not stop with it: where there is
no room a line waits for the next one to be written, and of too many the oldest are left out. Where
nobody reads any more, lines go nowhere.
"""

import contextlib
import logging
import os
import select
import sys
import threading
from collections import deque

logger = logging.getLogger(__name__)

MOST_WAITING = 1024
"""How many lines wait, at the most."""

PATIENCE_SECONDS = 1.0
"""How long a process that ends waits for room."""

_FILE = 2
_IS_OPEN = sys.__stderr__ is not None
"""A process that was started without standard error may have any other file in its place."""

_waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
_turn = threading.Lock()
_left_out = 0


def write(line: bytes) -> None:
    """Write a line, or have it wait; whoever writes already writes it too."""
    global _left_out
    _left_out += len(_waiting) == MOST_WAITING
    _waiting.append(line)
    write_waiting()


def write_waiting(patience: float = 0.0) -> None:
    """Write the lines that wait, as long as there is room within so many seconds."""
    while _waiting and _turn.acquire(blocking=False):  # again for one that came just before release
        try:
            while _waiting:
                if not select.select((), (_FILE,), (), patience)[1]:
                    return
                _write_all(_waiting.popleft())
                _tell_what_is_left_out()
        finally:
            _turn.release()


def _write_all(line: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody reads any more, or the disk is full
        while line:  # a signal may come in between
            line = line[os.write(_FILE, line) :]


def _tell_what_is_left_out() -> None:
    global _left_out
    if _left_out:
        number, _left_out = _left_out, 0
        logger.warning("%d lines were left out, since nobody read standard error", number)


def _begin_as_a_fork() -> None:
    """Leave what waits to the process that wrote it, and take no turn over from its threads."""
    global _turn, _left_out
    _waiting.clear()
    _turn, _left_out = threading.Lock(), 0


os.register_at_fork(after_in_child=_begin_as_a_fork)


class Handler(logging.Handler):
    """Writes records as lines, without logging's own lock, in which one that waits stops all."""

    def handle(self, record: logging.LogRecord) -> bool:
        if passed := bool(self.filter(record)):
            self.emit(record)
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; of one that cannot be put into words, where it is from."""
        if not _IS_OPEN:
            return
        try:
            line = self.format(record)
        except Exception:
            logger.exception("%s:%s cannot be logged", record.pathname, record.lineno)
        else:
            write(f"{line}\n".encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Write what waits; called as the process ends."""
        write_waiting(PATIENCE_SECONDS)

"""Lines to standard error, for which nobody waits.

A line is one call of the system's `write`: processes that share a pipe do not write into each
other's lines. Whoever reads the pipe may stop, and a request must not stop with it: a server has a
thread of its own write, and of too many lines that wait the oldest are left out. Where nobody reads
any more, lines go nowhere.

What warns of nothing is written within a tenth of a second, many lines at once, and may be put into
words only then: each call of the system has a thread give way to others, and a line for each
request would cost it a tenth.
"""

import contextlib
import logging
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.util import Finalize

logger = logging.getLogger(__name__)

MOST_WAITING = 1024
"""How many lines wait, at the most."""

SOON_SECONDS = 0.1

MOST_BYTES = select.PIPE_BUF
"""What is written in one piece to a pipe that several processes write to."""

PATIENCE_SECONDS = 1.0
"""How long a process that ends waits for room."""

_FILE = 2
_IS_OPEN = sys.__stderr__ is not None
"""A process that was started without standard error may have any other file in its place."""

_waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
_due: deque[Callable[[], None]] = deque(maxlen=MOST_WAITING)
_turn = threading.Lock()
_left_out = 0
_is_expected = threading.Event()
_is_urgent = threading.Event()
_starting = threading.RLock()
"""A signal may have something logged while its thread begins."""
_writer: threading.Thread | None = None


def write(line: bytes) -> None:
    """Write a line, or have it written at once where a thread does that."""
    _have_wait(line)
    if _writer is None:
        write_waiting()
    else:
        _expect(is_urgent=True)


def write_soon(line: bytes) -> None:
    """Have a line written within a tenth of a second."""
    _have_wait(line)
    _expect(is_urgent=len(_waiting) >= MOST_WAITING // 2)


def log_soon(log: Callable[[], None]) -> None:
    """Have another thread log something within a tenth of a second."""
    global _left_out
    _left_out += len(_due) == MOST_WAITING
    _due.append(log)
    _expect(is_urgent=len(_due) >= MOST_WAITING // 2)


def write_waiting(patience: float = 0.0) -> None:
    """Write the lines that wait, as long as there is room within so many seconds."""
    while _waiting and _turn.acquire(timeout=patience):  # again for one that came just now
        try:
            while _waiting:
                if not select.select((), (_FILE,), (), patience)[1]:
                    return
                _write_all(_next_piece())
                _tell_what_is_left_out()
        finally:
            _turn.release()


def _have_wait(line: bytes) -> None:
    global _left_out
    _left_out += len(_waiting) == MOST_WAITING
    _waiting.append(line)


def _next_piece() -> bytes:
    """Take as many lines as can be written in one piece, at least one."""
    piece = _waiting.popleft()
    while _waiting and len(piece) + len(_waiting[0]) <= MOST_BYTES:
        piece += _waiting.popleft()
    return piece


def _expect(*, is_urgent: bool) -> None:
    """Have the thread write, soon or at once."""
    if is_urgent:
        _is_urgent.set()
    if not _is_expected.is_set():
        _is_expected.set()
        have_a_thread_write()


def have_a_thread_write() -> None:
    """Have a thread of this process write from now on, and no other."""
    global _writer
    with _starting:
        if _writer is None:
            _writer = threading.Thread(target=_write_now_and_then, name="log", daemon=True)
            _writer.start()
            Finalize(None, write_all, exitpriority=0)


def _write_now_and_then() -> None:
    while _is_expected.wait():
        _is_urgent.wait(SOON_SECONDS)
        _is_expected.clear()
        _is_urgent.clear()
        _log_due()
        write_waiting(PATIENCE_SECONDS)
        if _waiting:  # there was no room
            _is_expected.set()


def write_all() -> None:
    """Write all that is due or waits, as the process ends."""
    _log_due()
    write_waiting(PATIENCE_SECONDS)


def _log_due() -> None:
    while True:
        try:
            log = _due.popleft()
        except IndexError:
            return
        log()


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
    global _turn, _left_out, _is_expected, _is_urgent, _starting, _writer
    _waiting.clear()
    _due.clear()
    _turn, _left_out = threading.Lock(), 0
    _is_expected, _is_urgent = threading.Event(), threading.Event()
    _starting, _writer = threading.RLock(), None


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
            told = write if record.levelno >= logging.WARNING else write_soon
            told(f"{line}\n".encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Write what waits; called as the process ends."""
        write_all()

"""Whether this machine's Celery worker still turns: it says so itself, to whoever asks.

The worker's main process answers on an abstract socket, which needs no file system, with how long
ago its loop last turned. A worker that hangs, or is stopped, answers late or never.
"""

import contextlib
import hashlib
import logging
import os
import socket
import struct
import threading
from typing import Any

from django.conf import settings

from financial_api.kernel import clock

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
"""How long an answer may take."""
MOST_SECONDS = 60.0
"""How long a worker may go without a turn: a broker that is away holds up those of some brokers."""

AGAIN_SECONDS = 5.0

_CREDENTIALS = struct.Struct("3i")
_last_turn = 0.0
_answering: set[str] = set()
"""The nodes that this process answers for: a consumer may be made anew."""


class WorkerIsUnwell(Exception):
    """No worker of that name answers, or its loop stands still; the message says which."""


class Watched:
    """What a Celery consumer inherits, before Celery's own, so that it can be asked."""

    hostname: str

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        answer_for(self.hostname)

    def perform_pending_operations(self) -> None:
        """Called once a turn by the loop that blocks, as on SQS."""
        turned()
        super().perform_pending_operations()  # type: ignore[misc]

    def register_with_event_loop(self, hub: Any) -> None:
        """Called before the event loop starts, as on Redis and AMQP."""
        super().register_with_event_loop(hub)  # type: ignore[misc]
        hub.on_tick.add(turned)


def turned() -> None:
    """Say that the loop of this process's worker turns now."""
    global _last_turn
    _last_turn = clock.monotonic()


def answer_for(node: str) -> None:
    """Answer whoever asks for a node from now on, in a thread.

    Where another worker does, this one says so, and takes its turn once that is gone.
    """
    if node in _answering:
        return
    _answering.add(node)
    turned()
    listening = socket.socket(socket.AF_UNIX)
    # A process of the pool that outlives its worker would keep the name from the next one.
    os.register_at_fork(after_in_child=listening.close)
    if (error := _listen(listening, node)) is not None:
        logger.warning("worker_status asks another worker: who else is %s? (%s)", node, error)
    arguments = (listening, node, error is None)
    threading.Thread(target=_answer, args=arguments, name="worker-health", daemon=True).start()


def seconds_since_turn(node: str) -> float:
    """Return how long ago the loop of a worker turned. Raises WorkerIsUnwell."""
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(ANSWER_SECONDS)
            asking.connect(_address(node))
            if _user_behind(asking) != os.getuid():
                raise WorkerIsUnwell(f"{node} is somebody else's")
            seconds = float(asking.recv(64))
    except TimeoutError as error:
        raise WorkerIsUnwell(f"{node} does not answer within {ANSWER_SECONDS:.0f} s") from error
    except (OSError, ValueError) as error:
        raise WorkerIsUnwell(f"no worker of this user and these settings is {node}") from error
    if seconds > MOST_SECONDS:
        raise WorkerIsUnwell(f"{node} stands still: its loop turned {seconds:.0f} s ago")
    return seconds


def _listen(listening: socket.socket, node: str) -> OSError | None:
    try:
        listening.bind(_address(node))
        listening.listen()
    except OSError as error:
        return error
    return None


def _answer(listening: socket.socket, node: str, listens: bool) -> None:
    while not listens:
        clock.sleep(AGAIN_SECONDS)
        listens = _listen(listening, node) is None
    while True:
        asked, _ = listening.accept()
        with asked, contextlib.suppress(OSError):  # who asked may have gone
            asked.sendall(f"{clock.monotonic() - _last_turn:.1f}".encode())


def _user_behind(asking: socket.socket) -> int:
    """Return who listens there: any user of the machine may take any name."""
    credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(credentials)[1]
    return user


def _address(node: str) -> str:
    """Return the name of a node of this installation: another may have one of the same name."""
    here = f"{settings.SETTINGS_MODULE} {settings.BASE_DIR} {settings.DATA_DIR}"
    installation = hashlib.sha256(here.encode()).hexdigest()[:8]
    return f"\0financial-api-worker-{os.getuid()}-{installation}-{node}"[:108]

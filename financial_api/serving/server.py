"""The server of `manage.py serve`: granian, which forks its workers from this process."""

import json
import logging
import os
import resource
import signal
import threading
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.common import AbstractServer

logger = logging.getLogger(__name__)

HEAD_BYTES = 64 * 1024
"""How long the head of a request may be, and how much of a connection is in memory."""

WAITING_CONNECTIONS = 4096
"""How many may wait to be accepted before the kernel turns one away, if it allows as many."""

OTHER_FILES = 256
FILES_OF_A_THREAD = 4
"""How many files a worker has open besides connections, with room to spare."""

KILL_SECONDS = 12.0
"""How long workers may take to stop that do not even end themselves, as they do after ten."""

JSON_LINES = Path(__file__).resolve().parents[1] / "settings" / "granian_json.json"


def production_server(
    application: str,
    host: str,
    port: int,
    *,
    workers: int,
    connections: int,
    keep_alive_seconds: int,
    json_lines: bool = False,
) -> "AbstractServer[Any]":
    """Return what serves an RSGI application, by `module:name`, until it is told to stop.

    Each worker holds so many connections. One that says nothing, or half of a head, is closed after
    `keep_alive_seconds`.
    """
    os.register_at_fork(after_in_child=_leave_signals_to_parent)
    return _Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        backlog=WAITING_CONNECTIONS,
        backpressure=connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * keep_alive_seconds, max_buffer_size=HEAD_BYTES
        ),
        respawn_failed_workers=True,
        log_dictconfig=json.loads(JSON_LINES.read_text()) if json_lines else None,
    )


class _Server(Granian):  # type: ignore[misc,valid-type]  # a name for one of two classes
    """granian, which in the end kills what does not stop by itself.

    Its own limit of time would take workers for alive, and say that it kills them, that have just
    ended: two of its threads wait for each, and only one is told.
    """

    def signal_handler_interrupt(self, *args: Any, **keywords: Any) -> None:
        if not self.interrupt_signal:
            killing = threading.Timer(KILL_SECONDS, self._kill)
            killing.daemon = True
            killing.start()
        super().signal_handler_interrupt(*args, **keywords)

    def _kill(self) -> None:
        for worker in self.wrks:
            logger.error("a worker did not stop, and is killed")
            worker.kill()


def _leave_signals_to_parent() -> None:
    """Have a worker end by what its parent sends, and by nothing that a terminal sends to both.

    Until it serves it inherits the parent's handler, which would not end it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def allow_open_files(connections: int, threads: int) -> str | None:
    """Have this process and its workers open as many files as connections and threads need.

    Returns what to tell a person where that many are not allowed.
    """
    needed = connections + FILES_OF_A_THREAD * threads + OTHER_FILES
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        return (
            f"CONNECTIONS is {connections} and THREADS {threads}, for which a worker opens up to "
            f"{needed} files, but {most} is all that this process may: raise that limit "
            "(LimitNOFILE= of systemd, --ulimit nofile= of docker), or lower CONNECTIONS."
        )
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, most))
    return None

"""Waking the relay after a commit, off the request's path.

One daemon thread for each process, started after a fork, waits for nudges and drains the outbox.
Nudges that arrive while it drains become one. It also looks by itself every few seconds, so that
a retry that has come due, or an event left by a process that died, does not wait for a nudge.
"""

import logging
import os
import threading

from outbox import relay

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0

_nudged = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None


def nudge() -> None:
    """Have the outbox drained soon; never waits and never fails."""
    _nudged.set()
    start()


def start() -> None:
    """Start this process's relay thread if it does not run."""
    global _thread
    if _thread is None or not _thread.is_alive():
        with _lock:
            if _thread is None or not _thread.is_alive():
                _thread = threading.Thread(target=_run, name="outbox-relay", daemon=True)
                _thread.start()


def _run() -> None:
    while True:
        _nudged.wait(SWEEP_SECONDS)
        _nudged.clear()
        try:
            relay.drain()
        except Exception:
            logger.exception("the outbox could not be drained; trying again")


def _forget() -> None:
    """A fork copies no thread: start afresh in the child."""
    global _nudged, _lock, _thread
    _nudged, _lock, _thread = threading.Event(), threading.Lock(), None


os.register_at_fork(after_in_child=_forget)

"""Waking the relay after a commit, off the request's path.

One daemon thread for each process, started after a fork, drains the outbox when it is nudged.
Nudges that arrive meanwhile become one. It also looks by itself every few seconds, so that a retry
that has come due, or an event left by a process that died, does not wait for a nudge.
"""

import atexit
import logging
import os
import threading
from multiprocessing.util import Finalize

from outbox import retention
from outbox.relay import Relay

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
STOP_SECONDS = 3.0


class RelayThread:
    """The thread of one process and the relay it runs."""

    def __init__(self) -> None:
        self._relay = Relay()
        self._sweep = retention.Sweep()
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        self._relay.nudge()

    def stop(self) -> None:
        """Let the batch under way finish and its leases go, for a few seconds at the most."""
        self._relay.stop()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._relay.is_stopping:
            try:
                self._relay.drain()
                self._sweep.run_if_due()
            except Exception:
                logger.exception("the outbox could not be drained; trying again")
            self._relay.wait(SWEEP_SECONDS)


_lock = threading.Lock()
_running: RelayThread | None = None
_is_exiting = False


def nudge() -> None:
    """Have the outbox drained soon; never waits and never fails.

    A process that is about to exit starts no thread any more, whose leases would outlive it.
    """
    if _is_exiting:
        return
    try:
        start().nudge()
    except RuntimeError:
        logger.warning("no thread can be started; the outbox waits for the next nudge")


def start() -> RelayThread:
    """Return this process's relay thread, started if it does not run yet."""
    global _running
    running = _running
    if running is None:
        with _lock:
            running = _running
            if running is None:
                running = _running = RelayThread()
                Finalize(None, _exit, exitpriority=100)
                atexit.register(_exit)
    return running


def stop() -> None:
    """Stop this process's relay thread, if it runs."""
    global _running
    running, _running = _running, None
    if running is not None:
        running.stop()


def _exit() -> None:
    global _is_exiting
    _is_exiting = True
    stop()


def _forget() -> None:
    """A fork copies no thread: start afresh in the child."""
    global _lock, _running, _is_exiting
    _lock, _running, _is_exiting = threading.Lock(), None, False


os.register_at_fork(after_in_child=_forget)

"""Waking the relay after a commit, off the request's path.

One daemon thread for each process, started after a fork, is nudged; nudges that arrive while it is
busy become one. Where the settings name a broker, it sends the workers a task and does no more.
Without one it drains the outbox itself, and also looks by itself every few seconds, so that a
retry that has come due, or an event left by a process that died, does not wait for a nudge.
"""

import atexit
import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from multiprocessing.util import Finalize

from django.conf import settings

from financial_api.application.chores import UpkeepThread
from infra_backends.exceptions import BackendUnavailable
from outbox.relay import EVERY_SHARD, SWEEP_SECONDS, Relay

logger = logging.getLogger(__name__)

STOP_SECONDS = 6.0
LEAST_SECONDS_BETWEEN_TASKS = 0.2


class WakeupThread(ABC):
    """The thread of one process that has the outbox drained."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)
        self._thread.start()

    @abstractmethod
    def nudge(self, shards: Iterable[int]) -> None:
        """Have shards of the outbox drained soon; never waits."""

    def stop(self) -> None:
        """Let what is under way finish, for a few seconds at the most."""
        self._end()
        self._thread.join(STOP_SECONDS)

    @abstractmethod
    def _end(self) -> None:
        """Have `_run` return."""

    @abstractmethod
    def _run(self) -> None:
        """Work until told to end."""


class RelayThread(WakeupThread):
    """Drains the outbox itself; when it stops, it gives its leases back.

    The chores have a thread of their own, so that none of them holds up an event.
    """

    def __init__(self) -> None:
        self._relay = Relay()
        self._upkeep = UpkeepThread()
        super().__init__()

    def nudge(self, shards: Iterable[int]) -> None:
        self._relay.nudge(shards)

    def _end(self) -> None:
        self._relay.stop()
        self._upkeep.stop()

    def _run(self) -> None:
        nudged = False
        while not self._relay.is_stopping:
            try:
                self._relay.drain(everywhere=not nudged)
            except BackendUnavailable as error:
                logger.warning("the outbox could not be drained; trying again: %s", error)
            except Exception:
                logger.exception("the outbox could not be drained; trying again")
            nudged = self._relay.wait(SWEEP_SECONDS)


class TaskThread(WakeupThread):
    """Sends the workers a task; one that is lost costs no more than the wait for a sweep."""

    def __init__(self) -> None:
        self._nudged = threading.Event()
        self._ending = threading.Event()
        self._is_away = False
        super().__init__()

    def nudge(self, shards: Iterable[int]) -> None:
        self._nudged.set()

    def _end(self) -> None:
        self._ending.set()
        self._nudged.set()

    def _run(self) -> None:
        from outbox.tasks import ask_for_a_drain  # only where there is a broker is Celery needed

        is_ending = False
        while not is_ending:
            self._nudged.wait()
            self._nudged.clear()
            was_taken = ask_for_a_drain()
            if not was_taken and not self._is_away:
                logger.warning("the broker takes no tasks; events wait for the workers' sweeps")
            self._is_away = not was_taken
            is_ending = self._ending.wait(LEAST_SECONDS_BETWEEN_TASKS)


_lock = threading.Lock()
_running: WakeupThread | None = None
_is_exiting = False


def nudge(shards: Iterable[int] = (EVERY_SHARD,)) -> None:
    """Have shards of the outbox drained soon, or all; never waits and never fails.

    A process that is about to exit starts no thread any more, whose leases would outlive it.
    """
    if _is_exiting:
        return
    try:
        start().nudge(shards)
    except RuntimeError:
        logger.warning("no thread can be started; the outbox waits for the next nudge")


def start() -> WakeupThread:
    """Return this process's thread, started if it does not run yet."""
    global _running
    running = _running
    if running is None:
        with _lock:
            running = _running
            if running is None:
                running = _running = TaskThread() if settings.CELERY_BROKER_URL else RelayThread()
                Finalize(None, _exit, exitpriority=100)
                atexit.register(_exit)
    return running


def stop() -> None:
    """Stop this process's thread, if it runs."""
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

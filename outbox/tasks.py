"""What the Celery worker does. Tasks carry no arguments: what there is to do is in the store."""

import contextlib
import logging
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from celery.signals import celeryd_init, worker_shutting_down

from financial_api.application.chores import Upkeep
from financial_api.celery import app
from financial_api.kernel.environment import refusing
from infra_backends import handles_of_a_relay
from infra_backends.checks import refuse_to_work
from infra_backends.exceptions import BackendUnavailable
from outbox.relay import Relay

logger = logging.getLogger(__name__)

_is_stopping = multiprocessing.Event()
"""Whether the worker stops: its process is told, those of its pool must know."""
_is_told_to_end = threading.Event()
"""Whether this process of the pool was told to end, in the middle of a task perhaps."""
_of_thread = threading.local()
_upkeep = Upkeep()


@celeryd_init.connect
def _refuse_to_start(**_: Any) -> None:
    """End a worker that must not start; one whose check itself fails, as well."""
    try:
        with refusing():
            refuse_to_work(*handles_of_a_relay())
    except Exception as error:  # Celery would log it, and start
        logger.exception("the worker cannot tell whether it may start")
        raise SystemExit(1) from error


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    _is_stopping.set()


@app.task(name="outbox.drain")
def drain() -> None:
    """Publish what is due, for as long as one drain goes on; then ask for the next."""
    relay = _relay()
    try:
        with _finishing_on_sigterm():
            relay.drain()
    except BackendUnavailable as error:
        logger.warning("the store does not answer; the next sweep tries again: %s", error)
        return
    if relay.wait(0) and not _is_stopping.is_set():
        ask_for_a_drain()


def ask_for_a_drain() -> bool:
    """Send the task; return False if the broker does not take it, so that a sweep has to do."""
    try:
        drain.apply_async(retry=False)
    except Exception as error:  # noqa: BLE001  # each broker has errors of its own
        logger.debug("the broker takes no tasks: %s", type(error).__name__)
        return False
    return True


@app.task(name="outbox.upkeep")
def keep_up() -> None:
    """Do what is to be done from time to time, as far as this process has not lately."""
    _upkeep.run_due()


@contextlib.contextmanager
def _finishing_on_sigterm() -> Iterator[None]:
    """Have SIGTERM end the drain after the batch it is at, with its leases released.

    That is for whoever tells each process of the pool to end, as systemd does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        _is_told_to_end.set()

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
        _is_told_to_end.clear()


def _should_stop() -> bool:
    return _is_stopping.is_set() or _is_told_to_end.is_set()


def _relay() -> Relay:
    """Return the calling thread's relay, which remembers from task to task what is away."""
    if not hasattr(_of_thread, "relay"):
        _of_thread.relay = Relay(should_stop=_should_stop, hears_nudges=False)
    relay: Relay = _of_thread.relay
    return relay

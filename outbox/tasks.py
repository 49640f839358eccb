"""What the Celery worker does. Tasks carry no arguments: what there is to do is in the store."""

import logging
import multiprocessing
import threading
from typing import Any

from celery.signals import worker_shutting_down

from financial_api.celery import app
from infra_backends.exceptions import BackendUnavailable
from outbox import retention
from outbox.relay import Relay

logger = logging.getLogger(__name__)

_is_stopping = multiprocessing.Event()
"""Set by the worker for the processes of its pool, which get no signal when it stops."""
_of_thread = threading.local()


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    _is_stopping.set()


@app.task(name="outbox.drain")
def drain() -> None:
    """Publish what is due, for as long as one drain goes on; then ask for the next."""
    relay = _relay()
    try:
        relay.drain()
    except BackendUnavailable as error:
        logger.warning("the store does not answer; the next sweep tries again: %s", error)
        return
    if relay.wait(0) and not relay.is_stopping:
        drain.delay()


@app.task(name="outbox.sweep")
def sweep() -> None:
    """Delete sent events and idempotency keys that have had their time."""
    retention.sweep()


def _relay() -> Relay:
    """Return the calling thread's relay, which remembers from task to task what is away."""
    if not hasattr(_of_thread, "relay"):
        _of_thread.relay = Relay(should_stop=_is_stopping.is_set)
    relay: Relay = _of_thread.relay
    return relay

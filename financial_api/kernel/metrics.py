"""What the service counts, summed over its processes, in Prometheus's text format.

This is the only module that knows prometheus_client. Where the processes of one machine share a
directory, each keeps its numbers in files of its own there, and any of them can sum up all.
"""

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""How prometheus_client is told of the directory, and the processes that this one starts."""

_REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PUBLISH_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class EventOutcome(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    """To be tried again."""
    DEAD_LETTERED = "dead_lettered"


class NotificationOutcome(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    """To be tried again."""
    DEAD_LETTERED = "dead_lettered"


class ShedReason(StrEnum):
    """Why a request was refused for want of room."""

    REQUESTS = "requests"
    """As many as may wait for a thread did."""
    WAITED = "waited"
    """It waited for a thread as long as one may."""
    BODIES = "bodies"
    """As many bodies as may were on their way."""
    BODIES_OF_ADDRESS = "bodies_of_address"
    BODIES_OF_USER = "bodies_of_user"


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value as it is now, by name, with what it says and, where it has several, one label."""

    name: str
    help: str
    samples: Sequence[tuple[str, float]]
    label: str


class _Instruments:
    """What this process counts with; made at the first count, so that a fork has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "financial_api_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "financial_api_request_seconds",
            "From when a request is here as a whole to its answer.",
            ("method", "route", "status"),
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        events = Counter(
            "financial_api_outbox_events",
            "Deliveries of events: sent, failed and to be tried again, dead-lettered.",
            ("outcome",),
            registry=self.registry,
        )
        self.events = {outcome: events.labels(outcome.value) for outcome in EventOutcome}
        self.publish_seconds = Histogram(
            "financial_api_outbox_publish_seconds",
            "From an event's commit to its being sent.",
            buckets=_PUBLISH_SECONDS,
            registry=self.registry,
        )
        notifications = Counter(
            "financial_api_notifications",
            "Attempts to send a message: sent, failed and to be tried again, dead-lettered.",
            ("outcome",),
            registry=self.registry,
        )
        self.notifications = {
            outcome: notifications.labels(outcome.value) for outcome in NotificationOutcome
        }
        self.conflicts = Counter(
            "financial_api_commit_conflicts",
            "Commits refused because something had moved, after which the command tried again.",
            registry=self.registry,
        )
        shed = Counter(
            "financial_api_shed",
            "Requests refused for want of room, before anything was done for them.",
            ("reason",),
            registry=self.registry,
        )
        self.shed = {reason: shed.labels(reason.value) for reason in ShedReason}
        self.of_request = functools.cache(self._of_request)

    def _of_request(self, method: str, route: str, status: str) -> tuple[Counter, Histogram]:
        return (
            self._requests.labels(method, route, status),
            self._request_seconds.labels(method, route, status),
        )


_turn = threading.Lock()
_made = functools.cache(_Instruments)


def _instruments() -> _Instruments:
    """Return what to count with: of two that were made at once each would undo the other's."""
    with _turn:
        return _made()


class _Gauges(Collector):
    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Sequence[GaugeMetricFamily]:
        families = []
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=(gauge.label,))
            for label, value in gauge.samples:
                family.add_metric((label,), value)
            families.append(family)
        return families


def share(directory: Path) -> bool:
    """Have this process count in files of its own in a directory; call it before any count.

    Returns False, and says so once, where it cannot be written: the process counts for itself.
    """
    if not _can_write(directory):
        return False
    os.environ[_DIRECTORY_VARIABLE] = str(directory)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    _made.cache_clear()
    return True


@functools.cache
def _can_write(directory: Path) -> bool:
    with contextlib.suppress(OSError):  # a file system that is read-only, or somebody else's
        directory.mkdir(parents=True, exist_ok=True)
    if os.access(directory, os.W_OK | os.X_OK):
        return True
    logger.warning("metrics are not shared between processes: %s cannot be written", directory)
    return False


def forget_the_dead(directory: Path) -> None:
    """Remove from a directory what processes counted that are gone.

    The sums become smaller, as after any restart; what lives goes on counting.
    """
    for file in directory.glob("*.db"):
        process = file.stem.rpartition("_")[2]
        if process.isdecimal() and not _lives(int(process)):
            file.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request under its route's template."""
    requests, durations = _instruments().of_request(method, route, str(status))
    requests.inc()
    durations.observe(seconds)


def count_shed(reason: ShedReason) -> None:
    """Count a request that was refused for want of room."""
    _instruments().shed[reason].inc()


def count_conflict() -> None:
    """Count a commit that lost to another."""
    _instruments().conflicts.inc()


def count_event(outcome: EventOutcome) -> None:
    """Count what became of an event that was to be delivered."""
    _instruments().events[outcome].inc()


def count_sent(seconds: float) -> None:
    """Count an event that was sent so long after its commit."""
    count_event(EventOutcome.SENT)
    _instruments().publish_seconds.observe(seconds)


def count_notification(outcome: NotificationOutcome) -> None:
    """Count what became of an attempt to send a message to an admin."""
    _instruments().notifications[outcome].inc()


def exposition(gauges: Sequence[Gauge]) -> bytes:
    """Return all that was counted here and by those who share the directory, and some gauges."""
    registry = _instruments().registry
    directory = os.environ.get(_DIRECTORY_VARIABLE)
    if directory:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    present = CollectorRegistry()
    present.register(_Gauges(gauges))
    return generate_latest(registry) + generate_latest(present)


prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

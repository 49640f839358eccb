"""Publishing in batches: what may go in one call, what is tried again, and what is told of it."""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.failures import failure_of_code, said_in
from infra_backends.aws.service import PATIENCE, Service
from infra_backends.events.base import Delivery, EventsBackend, Result
from infra_backends.exceptions import BackendRefused, BackendUnavailable
from infra_backends.failures import Again, Failure
from infra_backends.retries import retried
from outbox.entities import Event

MOST_BYTES = 256 * 1024
"""Of one entry and of all entries of a call: what every queue and target takes, old ones too."""

PUBLISH_SECONDS = 3.0
"""How long a publish goes on, all its calls and repetitions together."""
PING_SECONDS = 2.0
LONGEST_REASON = 200
WORKS_SECONDS = 60.0
"""How long a service that has taken an entry is believed to take others."""

OF_EVERY_ENTRY = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidAccountIdException",
        "NotAuthorizedForSourceException",
        "ResourceNotFoundException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
"""Codes of an entry, beside those of throttling, that say as much of every other.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
"""


OF_AN_ENTRY = re.compile(
    r"(AWS\.SimpleQueueService\.)?(Invalid(?!Sign|Client|Account)|Malformed|Batch)"
)
"""How codes begin with which a whole call is refused for one of its entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a service takes it; `size` is its bytes as that service counts them."""

    event_id: str
    content: Mapping[str, Any]
    size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an entry did not go through.

    `is_events` if that is its event's own; `is_general` if it is the same with any other.
    """

    code: str
    message: str
    is_events: bool
    is_general: bool

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"[:LONGEST_REASON]


def fault(code: str, message: str, *, is_senders: bool = True) -> Fault:
    """Return the fault of an entry; `is_senders` if the service does not blame itself."""
    known = failure_of_code(code)
    is_general = code in OF_EVERY_ENTRY or known is Failure.THROTTLED
    is_services = is_general or known is Failure.UNKNOWN
    return Fault(code, message, is_senders and not is_services, is_general)


class BatchPublisher(EventsBackend):
    """An events backend that sends batches to one service.

    Entries that failed through no fault of their events are tried again, and then put off. One
    with which the service itself goes on failing while it takes others is rejected, so that it
    does not go on for ever. A batch has at most one event of an entity, as the relay makes them,
    so none overtakes another.
    """

    longest_publish_seconds = PUBLISH_SECONDS + sum(PATIENCE[True])

    def __init__(self, service: Service) -> None:
        self._service = service
        self._took_at = float("-inf")

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        entries = [self._entry(event) for event in events]
        results: dict[str, Result] = {
            entry.event_id: _too_large(entry) for entry in entries if entry.size > MOST_BYTES
        }
        self._service.make_ready()
        with deadline.within(PUBLISH_SECONDS):
            self._publish(entries, results)
        return [results[event.event_id] for event in events]

    def ping(self) -> None:
        self._service.make_ready()
        with deadline.within(PING_SECONDS):
            self._look()

    def missing(self) -> Sequence[str]:
        return self._service.missing()

    def close(self) -> None:
        self._service.close()

    @abstractmethod
    def _look(self) -> None:
        """Raise BackendUnavailable unless what is published to is there."""

    @abstractmethod
    def _entry(self, event: Event) -> Entry:
        """Return an event as the service takes it."""

    @abstractmethod
    def _send(self, entries: Sequence[Entry]) -> Sequence[Fault | None]:
        """Send entries that fit in one call; return what became of each."""

    def _publish(self, entries: Sequence[Entry], results: dict[str, Result]) -> None:
        """Note what became of each entry that has no result yet."""
        faults: dict[str, Fault] = {}

        def waiting() -> list[Entry]:
            return [entry for entry in entries if entry.event_id not in results]

        def send() -> None:
            faults.clear()
            for batch in _batches(waiting()):
                faults.update(self._send_batch(batch, results))
            if faults:
                *_, last = faults.values()
                reason = f"{self._service.name}: {len(faults)} entries failed: {last}"
                raise BackendUnavailable(reason, Failure.PARTIAL)

        try:
            retried(send, Again.THE_REST)
        except BackendUnavailable:
            works = clock.monotonic() - self._took_at < WORKS_SECONDS
            for entry in waiting():
                found = faults.get(entry.event_id)
                is_its_own = works and found is not None and not found.is_general
                results[entry.event_id] = str(found) if is_its_own else Delivery.PUT_OFF
            if set(results.values()) == {Delivery.PUT_OFF}:
                raise

    def _send_batch(
        self, batch: Sequence[Entry], results: dict[str, Result]
    ) -> Iterator[tuple[str, Fault]]:
        """Note what went and what is rejected; yield the faults of the others.

        A batch that is refused for what is in it is sent entry by entry.
        """
        try:
            told: Sequence[Fault | None] = self._send(batch)
        except (ClientError, BackendRefused) as error:
            code, said = _said_of_entries(error)
            if len(batch) > 1:
                for entry in batch:
                    yield from self._send_batch([entry], results)
                return
            told = [Fault(code, said, is_events=False, is_general=False)]
        for entry, found in zip(batch, told, strict=True):
            if found is None:
                results[entry.event_id] = None
                self._took_at = clock.monotonic()
            elif found.is_events:
                results[entry.event_id] = str(found)
            else:
                yield entry.event_id, found


def _said_of_entries(error: ClientError | BackendRefused) -> tuple[str, str]:
    """Return what is said of the entries of a call; raise an error that is not about these."""
    if isinstance(error, ClientError):
        return said_in(error)
    if OF_AN_ENTRY.match(error.code):
        return error.code, error.said
    raise error


def size_of(*texts: str) -> int:
    """Return the bytes of texts in UTF-8."""
    return sum(len(text.encode()) for text in texts)


def _too_large(entry: Entry) -> str:
    return f"EntryTooLarge: {entry.size} bytes, at most {MOST_BYTES} are taken"


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Part entries into as few calls as their sizes allow, in order."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        full = len(batch) == EventsBackend.most_in_a_batch
        if batch and (full or size + entry.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch

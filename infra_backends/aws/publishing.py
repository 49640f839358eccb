"""Publishing in batches: what may go in one call, what is tried again, and what is told of it."""

import random
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from financial_api.kernel import clock, deadline
from infra_backends.aws.service import PATIENCE, THROTTLED, Service, code_of
from infra_backends.events.base import EventsBackend
from infra_backends.exceptions import BackendUnavailable
from outbox.entities import Event

MOST_BYTES = 256 * 1024
"""Of one entry and of all entries of a call: what every queue and target takes, old ones too."""

PUBLISH_SECONDS = 3.0
"""How long a publish goes on, all its calls and repetitions together."""
PING_SECONDS = 2.0
LONGEST_REASON = 200
ROUNDS = 3
"""How often an entry is tried that failed through no fault of its event."""
FIRST_PAUSE = 0.1

NO_EVENTS_FAULT = THROTTLED | {
    "AccessDenied",
    "AccessDeniedException",
    "InternalError",
    "InternalException",
    "InternalFailure",
    "InternalServerError",
    "InvalidAccountIdException",
    "NotAuthorizedForSourceException",
    "ResourceNotFoundException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
}
"""Codes of an entry that say as much of every other: overload, AWS's own failures, permissions.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a service takes it; `size` is its bytes as that service counts them."""

    event_id: str
    content: Mapping[str, Any]
    size: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an entry did not go through."""

    code: str
    message: str
    is_events_fault: bool

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"[:LONGEST_REASON]


class BatchPublisher(EventsBackend):
    """An events backend that sends batches to one service.

    Entries that failed through no fault of their events are tried again. When that does not help
    the whole publish has failed, so those that went through go out twice. A batch has at most one
    event of an entity, as the relay makes them, so none overtakes another.
    """

    longest_publish_seconds = PUBLISH_SECONDS + sum(PATIENCE[True])

    def __init__(self, service: Service) -> None:
        self._service = service

    def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        entries = [self._entry(event) for event in events]
        rejections = {e.event_id: _too_large(e) for e in entries if e.size > MOST_BYTES}
        waiting = [entry for entry in entries if entry.event_id not in rejections]
        self._service.make_ready()
        with deadline.within(PUBLISH_SECONDS):
            rejections |= self._publish(waiting)
        return [rejections.get(event.event_id) for event in events]

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
    def _send(self, entries: Sequence[Entry]) -> Sequence[Failure | None]:
        """Send entries that fit in one call; return what became of each."""

    def _publish(self, waiting: Sequence[Entry]) -> dict[str, str]:
        """Return why entries were rejected, by event id."""
        rejections: dict[str, str] = {}
        last: Failure | None = None
        for number in range(ROUNDS):
            if number:
                clock.sleep(random.uniform(0, FIRST_PAUSE * 2**number))  # noqa: S311  # jitter
            again: list[Entry] = []
            for batch in _batches(waiting):
                for entry, failure in zip(batch, self._send(batch), strict=True):
                    if failure is None:
                        continue
                    if failure.is_events_fault:
                        rejections[entry.event_id] = str(failure)
                    else:
                        again.append(entry)
                        last = failure
            if not again:
                return rejections
            waiting = again
        raise BackendUnavailable(f"{self._service.name}: {len(waiting)} entries failed: {last}")

    def _call(self, operation: str, **parameters: Any) -> Any:
        """Return the answer; what the service refuses as a whole is no event's fault either."""
        try:
            return self._service.call(operation, **parameters)
        except ClientError as error:
            raise BackendUnavailable(
                f"{self._service.name} {operation}: {code_of(error)}"
            ) from error


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

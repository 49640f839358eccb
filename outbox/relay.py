"""The relay: takes what the outbox holds to the events backend, in order for each entity.

At least once, and nothing is lost wherever it is broken off: an event is marked as sent only after
it was published, and the mark is conditional on the event being as it was read.
"""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from financial_api.kernel import clock
from financial_api.kernel.keys import Key, Reading
from infra_backends import events, persistence
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.commit import MOST_ITEMS, Commit
from infra_backends.persistence.repositories import Proposal
from outbox import leases, rules
from outbox.entities import CleanupKey, Event, EventKey, EventStatus
from outbox.leases import HeldLease
from outbox.subscribers import subscribers_of

logger = logging.getLogger(__name__)

PAGE = 200
DRAIN_SECONDS = 20.0
"""How long one drain goes on at the most; what is left then is for the next."""
LINGER_SECONDS = 2.0
"""How long a shard's lease is kept after its last event, in case there are more."""
LOOK_SECONDS = 0.25
LONGEST_PAUSE = 30.0
"""The most a shard waits after the events backend was away: 1, 2, 4 … seconds."""


class Relay:
    """One drainer: holds leases, and remembers which shards wait after a failure."""

    def __init__(self, holder: str | None = None) -> None:
        self._holder = holder or f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._held: dict[int, HeldLease] = {}
        self._worked_at: dict[int, float] = {}
        self._pauses: dict[int, tuple[float, float]] = {}
        self._nudged = threading.Event()
        self._stopping = threading.Event()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def nudge(self) -> None:
        """Have the relay look now rather than later; never waits."""
        self._nudged.set()

    def wait(self, seconds: float) -> bool:
        """Return True after a nudge, or False after so many seconds without one."""
        nudged = self._nudged.wait(seconds)
        self._nudged.clear()
        return nudged

    def stop(self) -> None:
        """Have `drain` return after the batch it is at, with its leases released."""
        self._stopping.set()
        self._nudged.set()

    def drain(self, seconds: float = DRAIN_SECONDS) -> int:
        """Publish what is due until nothing has been for a while; return how many were sent.

        Raises BackendUnavailable when the store is away. That the events backend is away is not
        an error: the shard waits, however long, and no event is to blame.
        """
        ends_at = clock.monotonic() + seconds
        try:
            sent = worked = self._look_at(self._all_shards())
            while self._held and not self.is_stopping and clock.monotonic() < ends_at:
                nudged = self.wait(0 if worked else LOOK_SECONDS)
                worked = self._look_at(self._all_shards() if nudged else list(self._held))
                sent += worked
                self._release_idle()
            return sent + self._look_at(self._all_shards())
        finally:
            self._release(list(self._held))

    def _all_shards(self) -> Sequence[int]:
        return range(persistence.outbox.shards)

    def _look_at(self, shards: Sequence[int]) -> int:
        return sum(self._drain_shard(shard) for shard in shards if not self._stopping.is_set())

    def _drain_shard(self, shard: int) -> int:
        """Publish one page of a shard; an idle or paused shard costs no writes."""
        if self._is_paused(shard):
            return 0
        proposals = persistence.outbox.proposals(shard, clock.now(), PAGE)
        if not proposals or not self._hold(shard):
            return 0
        sent = self._publish_page(shard, self._consult(proposals))
        if sent:
            self._worked_at[shard] = clock.monotonic()
        return sent

    def _hold(self, shard: int) -> bool:
        if shard in self._held:
            return True
        held = leases.acquire(shard, self._holder)
        if held is None:
            return False
        self._held[shard] = held
        self._worked_at[shard] = clock.monotonic()
        return True

    def _renew(self, shard: int) -> bool:
        """Renew a lease before a batch; a publish that could outlast it must not start."""
        held = leases.renew(self._held.pop(shard))
        if held is None:
            logger.info("shard %s was taken over by another relay", shard)
            return False
        self._held[shard] = held
        return held.seconds_left > events.longest_publish_seconds

    def _consult(self, proposals: Sequence[Proposal]) -> "_Candidates":
        """Read what the index proposes, and what comes before it, consistently."""
        named = {proposal.event_id for proposal in proposals}
        named |= {p.previous_event_id for p in proposals if p.previous_event_id is not None}
        keys: list[Key[Any]] = [CleanupKey(), *map(EventKey, named)]
        reading = persistence.read(keys)
        cleanup = reading.get(CleanupKey())
        if cleanup is not None and cleanup.running:
            return _Candidates([], reading)
        found = [reading.get(EventKey(proposal.event_id)) for proposal in proposals]
        now = clock.now()
        due = [e for e in found if e is not None and e.is_unsent and e.next_retry_at <= now]
        return _Candidates(due, reading)

    def _publish_page(self, shard: int, candidates: "_Candidates") -> int:
        sent = 0
        while ready := candidates.take_ready():
            for batch in _batches(ready):
                if self._stopping.is_set() or not self._renew(shard):
                    return sent
                try:
                    settled = _publish(batch)
                except BackendUnavailable as error:
                    self._pause(shard, error)
                    return sent
                self._pauses.pop(shard, None)
                candidates.settle(settled)
                sent += sum(event.status is EventStatus.SENT for event in settled)
        _mark(candidates.blocked())
        return sent

    def _pause(self, shard: int, error: BackendUnavailable) -> None:
        previous = self._pauses.get(shard, (0.0, 0.5))[1]
        pause = min(LONGEST_PAUSE, 2 * previous)
        self._pauses[shard] = clock.monotonic() + pause, pause
        logger.warning("shard %s waits %.0f s: %s", shard, pause, error)

    def _is_paused(self, shard: int) -> bool:
        return clock.monotonic() < self._pauses.get(shard, (0.0, 0.0))[0]

    def _release_idle(self) -> None:
        now = clock.monotonic()
        self._release(
            [shard for shard in self._held if now - self._worked_at[shard] >= LINGER_SECONDS]
        )

    def _release(self, shards: Sequence[int]) -> None:
        for shard in shards:
            leases.release(self._held.pop(shard))


class _Candidates:
    """The due events of a page, given out as soon as nothing before them is unsent."""

    def __init__(self, due: Sequence[Event], reading: Reading) -> None:
        self._waiting = {event.event_id: event for event in due}
        self._reading = reading
        self._settled: dict[str, Event] = {}

    def take_ready(self) -> list[Event]:
        """Return the events that may go out now: one of an entity at the most."""
        ready = [e for e in self._waiting.values() if rules.is_done(self._predecessor(e))]
        for event in ready:
            del self._waiting[event.event_id]
        return ready

    def settle(self, events: Sequence[Event]) -> None:
        """Note what has become of events that were given out."""
        self._settled |= {event.event_id: event for event in events}

    def blocked(self) -> list[Event]:
        """Return the events that wait for a retry of another, put behind it in the index."""
        moved = []
        for event in self._waiting.values():
            predecessor = self._predecessor(event)
            if predecessor is not None and predecessor.next_retry_at > event.next_retry_at:
                moved.append(rules.behind(event, predecessor))
        return moved

    def _predecessor(self, event: Event) -> Event | None:
        if event.previous_event_id is None:
            return None
        settled = self._settled.get(event.previous_event_id)
        return settled or self._reading.get(EventKey(event.previous_event_id))


def _batches(ready: Sequence[Event]) -> Iterator[list[Event]]:
    remaining = iter(ready)
    size = min(events.most_in_a_batch, MOST_ITEMS)
    while batch := list(islice(remaining, size)):
        yield batch


def _publish(batch: Sequence[Event]) -> list[Event]:
    """Deliver a batch and store what became of each; return those whose state is now stored.

    Raises BackendUnavailable when the events backend failed as a whole: nothing is stored then.
    """
    unpublished = [event for event in batch if rules.PUBLISHED not in event.deliveries]
    rejections = events.publish(unpublished) if unpublished else []
    rejected = {
        event.event_id: rejection
        for event, rejection in zip(unpublished, rejections, strict=True)
        if rejection is not None
    }
    return _mark([_deliver(event, rejected.get(event.event_id)) for event in batch])


def _deliver(event: Event, rejection: str | None) -> Event:
    """Call the subscribers that have not had an event; return it as it is after that."""
    done = list(event.deliveries)
    error = rejection
    if rejection is None and rules.PUBLISHED not in done:
        done.append(rules.PUBLISHED)
    for name, subscriber in subscribers_of(event.event_type).items():
        if name in done:
            continue
        try:
            subscriber(event)
            done.append(name)
        except BackendUnavailable:
            raise
        except Exception as failure:
            logger.exception("subscriber %s failed on event %s", name, event.event_id)
            error = error or f"{name}: {type(failure).__name__}"
    now = clock.now()
    if error is None:
        return rules.after_success(event, done, now)
    failed = rules.after_failure(event, done, error, now)
    if failed.status is EventStatus.DEAD_LETTER:
        logger.error("event %s is dead-lettered: %s", event.event_id, failed.last_error)
    return failed


def _mark(changed: Sequence[Event]) -> list[Event]:
    """Store new states, each on condition that its event is as it was read; return those stored.

    All in one transaction; one by one when that is refused, since another relay, a cleanup or an
    admin has moved one of them.
    """
    marked: list[Event] = []
    for batch in _batches(changed):
        try:
            persistence.commit(Commit(now=clock.now(), saves=batch))
            marked += batch
        except ConcurrencyError:
            marked += [event for event in batch if _mark_alone(event)]
    return marked


def _mark_alone(event: Event) -> bool:
    try:
        persistence.commit(Commit(now=clock.now(), saves=[event]))
    except ConcurrencyError:
        logger.info("event %s was moved by another", event.event_id)
        return False
    return True

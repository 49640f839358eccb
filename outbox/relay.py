"""The relay: takes what the outbox holds to the events backend, in order for each entity.

At least once, and nothing is lost wherever it is broken off: an event is marked as sent only after
it was published, and the mark is conditional on the event being as it was read.
"""

import logging
import os
import queue
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from financial_api.kernel import clock, log_context, metrics
from financial_api.kernel.cleanup import CleanupKey
from financial_api.kernel.keys import Key
from financial_api.kernel.metrics import EventOutcome
from infra_backends import events, persistence
from infra_backends.events.base import Delivery
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.commit import MOST_ITEMS, Commit
from infra_backends.persistence.repositories import Proposal
from outbox import leases, rules
from outbox.candidates import Candidates
from outbox.entities import Event, EventKey, EventStatus
from outbox.leases import HeldLease
from outbox.subscribers import subscribers_of

logger = logging.getLogger(__name__)

PAGE = 200
DRAIN_SECONDS = 20.0
"""How long one drain goes on at the most; what is left then is for the next."""
LINGER_SECONDS = 2.0
"""How long a shard's lease is kept after its last event, in case there are more."""
LOOK_SECONDS = 0.25
SWEEP_SECONDS = 2.0
"""How long at the most a shard that no nudge names is not looked at."""
EVERY_SHARD = -1
LONGEST_PAUSE = 30.0
"""The most a shard waits after the events backend was away: 1, 2, 4 … seconds."""


class Relay:
    """One drainer: holds leases, and remembers which shards wait after a failure.

    `should_stop` is asked before each batch, as another way to have it stopped. One that hears no
    nudges while it drains looks at every shard all along, not at those alone that it holds.
    """

    def __init__(
        self,
        holder: str | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        *,
        hears_nudges: bool = True,
    ) -> None:
        self._holder = holder or f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._held: dict[int, HeldLease] = {}
        self._looked_at: dict[int, float] = {}
        self._worked_at: dict[int, float] = {}
        self._pauses: dict[int, tuple[float, float]] = {}
        self._nudges: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._named: set[int] = set()
        self._swept_at = float("-inf")
        self._ends_at = 0.0
        self._is_stopping = False
        self._should_stop = should_stop
        self._hears_nudges = hears_nudges

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping or self._should_stop()

    def nudge(self, shards: Iterable[int] = (EVERY_SHARD,)) -> None:
        """Have the relay look at these shards, or at all, now rather than later.

        Never waits, not even in a signal handler.
        """
        self._named.update(shards)
        if self._nudges.empty():
            self._nudges.put(None)

    def wait(self, seconds: float) -> bool:
        """Return True after a nudge, or False after so many seconds without one."""
        try:
            self._nudges.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def stop(self) -> None:
        """Have `drain` return after the batch it is at, with its leases released."""
        self._is_stopping = True
        self.nudge()

    def drain(self, seconds: float = DRAIN_SECONDS, *, everywhere: bool = True) -> int:
        """Publish what is due until nothing has been for a while; return how many were sent.

        It begins with every shard, or with those that nudges named alone. No batch begins after
        `seconds`; the relay is then nudged to go on with the next drain. Raises BackendUnavailable
        when the store is away. That the events backend is away is not an error: the shard waits,
        however long, and no event is to blame.
        """
        self._ends_at = clock.monotonic() + seconds
        self._worked_at.clear()
        try:
            if everywhere:
                self._named.add(EVERY_SHARD)
            sent = worked = self._look_at(self._next_shards())
            while self._held and self._may_go_on():
                self.wait(0 if worked else LOOK_SECONDS)
                worked = self._look_at(self._next_shards())
                sent += worked
                self._release_idle()
            sent += self._look_at(sorted(self._worked_at))
            if not self._may_go_on():
                self.nudge()
            return sent
        finally:
            self._release(list(self._held))

    def _next_shards(self) -> Sequence[int]:
        """Return the shards that were named, and all whose last look was too long ago."""
        now = clock.monotonic()
        named: set[int] = set()
        while self._named:
            named.add(self._named.pop())
        is_late = now - self._swept_at >= SWEEP_SECONDS
        if EVERY_SHARD in named or is_late or not self._hears_nudges:
            self._swept_at = now
            return self._all_shards()
        held = (shard for shard in self._held if now - self._looked_at[shard] >= LOOK_SECONDS)
        return sorted(named.union(held))

    def _all_shards(self) -> Sequence[int]:
        return range(persistence.outbox.shards)

    def _may_go_on(self) -> bool:
        return not self.is_stopping and clock.monotonic() < self._ends_at

    def _look_at(self, shards: Sequence[int]) -> int:
        return sum(self._try_shard(shard) for shard in shards if self._may_go_on())

    def _try_shard(self, shard: int) -> int:
        """Publish a page of a shard, which is in no other's way if something is wrong with it."""
        try:
            return self._drain_shard(shard)
        except BackendUnavailable:
            raise
        except Exception as error:
            logger.exception("shard %s cannot be drained", shard)
            self._pause(shard, type(error).__name__)
            return 0

    def _drain_shard(self, shard: int) -> int:
        """Publish one page of a shard; an idle or paused shard costs no writes."""
        self._looked_at[shard] = clock.monotonic()
        if self._is_paused(shard):
            return 0
        proposals = persistence.outbox.proposals(shard, clock.now(), PAGE)
        if not proposals or not self._hold(shard):
            return 0
        with log_context.within(shard=shard):
            sent = self._publish_page(shard, self._consult(proposals))
        if sent:
            self._worked_at[shard] = clock.monotonic()
        if len(proposals) == PAGE:
            self._named.add(shard)  # there may be more
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

    def _keep(self, shard: int) -> bool:
        """Renew a lease that half is over; a publish that could outlast it must not start."""
        longest = events.longest_publish_seconds
        if self._held[shard].seconds_left > max(longest, leases.LEASE_FOR.total_seconds() / 2):
            return True
        held = leases.renew(self._held.pop(shard))
        if held is None:
            logger.info("shard %s was taken over by another relay", shard)
            return False
        self._held[shard] = held
        return held.seconds_left > longest

    def _consult(self, proposals: Sequence[Proposal]) -> Candidates:
        """Read what the index proposes, and what comes before it, consistently."""
        named = {proposal.event_id for proposal in proposals}
        named |= {p.previous_event_id for p in proposals if p.previous_event_id is not None}
        keys: list[Key[Any]] = [CleanupKey(), *map(EventKey, named)]
        reading = persistence.read(keys)
        cleanup = reading.get(CleanupKey())
        if cleanup is not None and cleanup.running:
            return Candidates([], reading)
        found = [reading.get(EventKey(proposal.event_id)) for proposal in proposals]
        now = clock.now()
        due = [e for e in found if e is not None and e.is_unsent and e.next_retry_at <= now]
        return Candidates(due, reading)

    def _publish_page(self, shard: int, candidates: Candidates) -> int:
        sent = 0
        while ready := candidates.take_ready():
            for batch in _batches(ready):
                if not self._may_go_on() or not self._keep(shard):
                    return sent
                try:
                    delivered = _deliver(batch)
                except BackendUnavailable as error:
                    self._pause(shard, error)
                    return sent
                settled = _settle(delivered)
                candidates.settle(settled)
                sent += sum(event.status is EventStatus.SENT for event in settled)
                if put_off := len(batch) - len(delivered):
                    self._pause(shard, f"{put_off} events were put off")
                    return sent
                self._pauses.pop(shard, None)
        if _mark(candidates.blocked()):
            self.nudge([shard])  # what they stood in front of is next
        return sent

    def _pause(self, shard: int, reason: object) -> None:
        previous = self._pauses.get(shard, (0.0, 0.5))[1]
        pause = min(LONGEST_PAUSE, 2 * previous)
        self._pauses[shard] = clock.monotonic() + pause, pause
        logger.warning("shard %s waits %.0f s: %s", shard, pause, reason)

    def _is_paused(self, shard: int) -> bool:
        return clock.monotonic() < self._pauses.get(shard, (0.0, 0.0))[0]

    def _release_idle(self) -> None:
        """Release what this drain has not worked at lately; an earlier one may have left leases."""
        idle_since = clock.monotonic() - LINGER_SECONDS
        never = float("-inf")
        self._release([s for s in self._held if self._worked_at.get(s, never) <= idle_since])

    def _release(self, shards: Sequence[int]) -> None:
        for shard in shards:
            leases.release(self._held[shard])
            del self._held[shard]


def _batches(ready: Sequence[Event]) -> Iterator[list[Event]]:
    remaining = iter(ready)
    size = min(events.most_in_a_batch, MOST_ITEMS)
    while batch := list(islice(remaining, size)):
        yield batch


def _deliver(batch: Sequence[Event]) -> list[Event]:
    """Publish a batch and call its subscribers; return each event as it is after that.

    Those that the events backend put off are left out. Nothing is stored yet. Raises
    BackendUnavailable when a delivery failed for no event's fault.
    """
    unpublished = [event for event in batch if rules.PUBLISHED not in event.deliveries]
    results = events.publish(unpublished) if unpublished else []
    told = {event.event_id: result for event, result in zip(unpublished, results, strict=True)}
    delivered = []
    for event in batch:
        result = told.get(event.event_id)
        if not isinstance(result, Delivery):
            with _concerning(event):
                delivered.append(_call_subscribers(event, result))
    return delivered


def _concerning(event: Event) -> AbstractContextManager[None]:
    """Have log lines of the block name the event, and the trace of the request that made it."""
    trace = log_context.trace(event.traceparent)
    return log_context.within(eventId=event.event_id, eventType=event.event_type.value, **trace)


def _call_subscribers(event: Event, rejection: str | None) -> Event:
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
    return rules.after_failure(event, done, error, now)


def _settle(delivered: Sequence[Event]) -> list[Event]:
    """Store what became of each event; return those whose state is now stored."""
    settled = _mark(delivered)
    for event in settled:
        if event.sent_at is not None:
            metrics.count_sent((event.sent_at - event.created_at).total_seconds())
        elif event.status is EventStatus.FAILED:
            metrics.count_event(EventOutcome.FAILED)
        else:
            metrics.count_event(EventOutcome.DEAD_LETTERED)
            with _concerning(event):
                logger.error("event %s is dead-lettered: %s", event.event_id, event.last_error)
    return settled


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
        with _concerning(event):
            logger.info("event %s was moved by another", event.event_id)
        return False
    return True

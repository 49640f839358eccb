"""The drain: takes what the outbox holds to the events backend, in order for each entity."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from financial_api.kernel import clock
from financial_api.kernel.keys import Reading
from infra_backends import events, persistence
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.commit import MOST_ITEMS, Commit
from outbox.entities import Event, EventKey, EventStatus
from outbox.subscribers import deliver

logger = logging.getLogger(__name__)

PAGE = 200
MOST_PASSES = 1000
"""A bound for one drain; what is left then waits for the next."""


def drain() -> int:
    """Publish what is due in every shard; return how many events were sent.

    Raises BackendUnavailable when the store or the events backend is away.
    """
    return sum(drain_shard(shard) for shard in range(persistence.outbox.shards))


def drain_shard(shard: int) -> int:
    """Publish what is due in one shard; return how many events were sent."""
    sent = 0
    for _ in range(MOST_PASSES):
        ready = _ready(shard)
        if not ready:
            break
        for batch in _batches(ready):
            sent += _publish(batch)
    return sent


def _ready(shard: int) -> list[Event]:
    """Return one event for each entity that may go out now.

    The index only proposes. What counts is a consistent read of the events it names and of their
    predecessors, so an index that lags can neither reorder nor skip.
    """
    now = clock.now()
    proposals = persistence.outbox.proposals(shard, now, PAGE)
    if not proposals:
        return []
    named = {proposal.event_id for proposal in proposals}
    named |= {p.previous_event_id for p in proposals if p.previous_event_id is not None}
    reading = persistence.read([EventKey(event_id) for event_id in named])
    candidates = (reading.get(EventKey(proposal.event_id)) for proposal in proposals)
    return [
        event
        for event in candidates
        if event is not None and event.is_unsent and _predecessor_is_done(event, reading)
    ]


def _predecessor_is_done(event: Event, reading: Reading) -> bool:
    if event.previous_event_id is None:
        return True
    previous = reading.get(EventKey(event.previous_event_id))
    return previous is None or not previous.is_unsent


def _batches(ready: Sequence[Event]) -> Iterator[list[Event]]:
    remaining = iter(ready)
    size = min(events.most_in_a_batch, MOST_ITEMS)
    while batch := list(islice(remaining, size)):
        yield batch


def _publish(batch: Sequence[Event]) -> int:
    rejections = events.publish(batch)
    sent = []
    for event, rejection in zip(batch, rejections, strict=True):
        if rejection is None:
            deliver(event)
            sent.append(_sent(event))
        else:
            logger.error("event %s was rejected: %s", event.event_id, rejection)
    _mark(sent)
    return len(sent)


def _sent(event: Event) -> Event:
    return replace(event, status=EventStatus.SENT, sent_at=clock.after(event.created_at))


def _mark(marked: Sequence[Event]) -> None:
    """Store the new states; one by one when another relay has moved one of them."""
    if not marked:
        return
    try:
        persistence.commit(Commit(now=clock.now(), saves=marked))
    except ConcurrencyError:
        if len(marked) == 1:
            logger.info("event %s was marked by another relay", marked[0].event_id)
            return
        for event in marked:
            _mark([event])

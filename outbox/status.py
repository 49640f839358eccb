"""What an operator asks of the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from financial_api.kernel import clock
from infra_backends import persistence
from outbox.entities import Event, EventStatus, LeaseKey

LATE = timedelta(minutes=5)
"""How old the oldest unsent event may be before somebody should know."""


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """A shard's unsent events, the age of the oldest in seconds, and who holds its lease."""

    shard: int
    depth: int
    oldest_seconds: float | None
    holder: str | None


def shard_statuses() -> Sequence[ShardStatus]:
    """Return the state of every shard."""
    shards = range(persistence.outbox.shards)
    leases = persistence.read([LeaseKey(shard) for shard in shards])
    statuses = []
    for shard in shards:
        backlog = persistence.outbox.backlog(shard)
        lease = leases.get(LeaseKey(shard))
        now = clock.now()
        statuses.append(
            ShardStatus(
                shard,
                backlog.depth,
                (now - backlog.oldest).total_seconds() if backlog.oldest else None,
                lease.holder if lease and lease.expires_at and lease.expires_at > now else None,
            )
        )
    return statuses


def dead_letters(limit: int) -> Sequence[Event]:
    """Return dead-lettered events, newest first."""
    page = persistence.outbox.page(EventStatus.DEAD_LETTER, None, after=None, limit=limit)
    return page.items

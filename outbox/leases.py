"""Leases: one relay at a time drains a shard.

A lease spares work and duplicates; it is not what keeps the order (the relay reads consistently)
or what keeps two relays from marking one event (each mark is conditional). So clocks that differ,
or a lease that is stolen, cost a duplicate at the worst.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from financial_api.kernel import clock
from infra_backends import persistence
from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.commit import Commit
from outbox.entities import Lease, LeaseKey

LEASE_FOR = timedelta(seconds=10)
SKEW = timedelta(seconds=2)
"""How far a taker believes the holder's clock may be from its own."""


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease this process holds, until `ends_at` on its own monotonic clock."""

    stored: Lease
    ends_at: float

    @property
    def seconds_left(self) -> float:
        return self.ends_at - clock.monotonic()


def acquire(shard: int, holder: str) -> HeldLease | None:
    """Return the lease of a shard, or None while another holds it."""
    key = LeaseKey(shard)
    lease = persistence.read([key]).get(key) or Lease(shard=shard)
    return _hold(lease, holder) if _is_free(lease, holder) else None


def renew(held: HeldLease) -> HeldLease | None:
    """Return the lease with its full time before it again, or None if another took it."""
    assert held.stored.holder is not None  # noqa: S101  # what is held has a holder
    return _hold(held.stored, held.stored.holder)


def release(held: HeldLease) -> None:
    """Let others have the shard; nothing happens if one of them already has."""
    free = replace(held.stored, holder=None, expires_at=None)
    try:
        persistence.commit(Commit(now=clock.now(), saves=[free]))
    except ConcurrencyError:
        return


def _is_free(lease: Lease, holder: str) -> bool:
    if lease.holder is None or lease.holder == holder or lease.expires_at is None:
        return True
    return clock.now() >= lease.expires_at + SKEW


def _hold(lease: Lease, holder: str) -> HeldLease | None:
    """Store the lease as the holder's; its time runs from before the store was asked."""
    ends_at = clock.monotonic() + LEASE_FOR.total_seconds()
    now = clock.now()
    taken = replace(lease, holder=holder, expires_at=now + LEASE_FOR)
    try:
        persistence.commit(Commit(now=now, saves=[taken]))
    except ConcurrencyError:
        return None
    return HeldLease(replace(taken, version=taken.version + 1), ends_at)

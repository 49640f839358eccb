"""Pending indexes that lag: what an eventually consistent store may answer."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.repositories import Proposal

Distortion = Callable[[int, Sequence[Proposal]], Sequence[Proposal]]
"""From a shard and what the index holds to what it says."""


class LaggingIndex:
    """Stands for a backend whose pending index says what a distortion makes of the truth."""

    def __init__(self, backend: PersistenceBackend, distortion: Distortion) -> None:
        self._backend = backend
        self.outbox = _Outbox(backend.outbox, distortion)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Outbox:
    def __init__(self, outbox: Any, distortion: Distortion) -> None:
        self._outbox = outbox
        self._distortion = distortion

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    def proposals(self, shard: int, due_at: datetime, limit: int) -> Sequence[Proposal]:
        truth = self._outbox.proposals(shard, due_at, limit)
        return list(self._distortion(shard, truth))[:limit]


class Hides:
    """Leaves each row out with some likelihood, for so many looks, and then no more."""

    def __init__(self, seed: int, likelihood: float, looks: int) -> None:
        self._random = random.Random(seed)
        self._likelihood = likelihood
        self._looks = looks

    def __call__(self, shard: int, truth: Sequence[Proposal]) -> Sequence[Proposal]:
        self._looks -= 1
        if self._looks < 0:
            return truth
        return [row for row in truth if self._random.random() >= self._likelihood]


class Repeats:
    """Says what it said some looks ago, and so proposes what was sent and knows of nothing new."""

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._said: dict[int, list[Sequence[Proposal]]] = {}

    def __call__(self, shard: int, truth: Sequence[Proposal]) -> Sequence[Proposal]:
        said = self._said.setdefault(shard, [])
        said.append(truth)
        return said[max(0, len(said) - 1 - self._looks)]


class Remembers:
    """Proposes all that it has ever held, the newest first, some rows twice."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._ever: dict[int, dict[str, Proposal]] = {}

    def __call__(self, shard: int, truth: Sequence[Proposal]) -> Sequence[Proposal]:
        ever = self._ever.setdefault(shard, {})
        ever |= {row.event_id: row for row in truth}
        rows = list(ever.values())[::-1]
        return [row for row in rows for _ in range(self._random.choice((1, 2)))]

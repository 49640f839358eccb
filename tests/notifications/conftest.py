"""Runs every test of this folder over every backend, without a relay and without pauses."""

import random
from collections.abc import Iterator

import pytest

from financial_api.kernel import ids
from outbox import wakeup

SEED = 20260301


@pytest.fixture(autouse=True)
def _seeded_ids() -> Iterator[None]:
    previous = ids.install(random.Random(SEED).getrandbits)
    yield
    ids.install(previous)


@pytest.fixture(autouse=True)
def _no_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "nudge", lambda: None)

"""Runs every test of this folder over every backend and engine, without a relay."""

import random
from collections.abc import Iterator

import pytest

from financial_api.kernel import ids
from outbox import wakeup
from tests.support.stores import BACKENDS, MORE_ENGINES, BackendUnderTest

SEED = 20260301


@pytest.fixture(scope="session", params=[*BACKENDS, *MORE_ENGINES], ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> BackendUnderTest:
    return request.param


@pytest.fixture(autouse=True)
def _seeded_ids() -> Iterator[None]:
    previous = ids.install(random.Random(SEED).getrandbits)
    yield
    ids.install(previous)


@pytest.fixture(autouse=True)
def _no_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "nudge", lambda: None)

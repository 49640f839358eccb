"""Runs every test of this folder over every backend and engine, without a relay."""

import pytest

from tests.support.stores import BACKENDS, MORE_ENGINES, BackendUnderTest


@pytest.fixture(scope="session", params=[*BACKENDS, *MORE_ENGINES], ids=lambda entry: entry.name)
def entry(request: pytest.FixtureRequest) -> BackendUnderTest:
    return request.param


@pytest.fixture(autouse=True)
def _alike(seeded_ids: None, no_relay: None) -> None:
    """Have nothing but the test itself differ from one time to the next."""

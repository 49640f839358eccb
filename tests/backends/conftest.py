"""Runs every test of this folder over every backend and engine, without a relay."""

import pytest


@pytest.fixture(autouse=True)
def _alike(every_engine: None, seeded_ids: None, no_relay: None) -> None:
    """Have nothing but the test itself differ from one time to the next."""

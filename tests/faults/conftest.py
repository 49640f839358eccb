"""Runs every test of this folder without a relay but the ones it starts itself."""

from collections.abc import Iterator

import pytest

from financial_api.kernel import cache, clock
from tests.support.clocks import EndlessClock
from tests.support.in_process import nothing_cached


@pytest.fixture(autouse=True)
def _as_if_just_started(no_relay: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have nothing cached, no pauses, and as much time for a request as it takes."""
    monkeypatch.setattr(cache, "FIRST_PAUSE_SECONDS", 0.0)
    with nothing_cached(), clock.installed(EndlessClock()):
        yield

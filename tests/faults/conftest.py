"""Runs every test of this folder without a relay but the ones it starts itself."""

from collections.abc import Iterator

import pytest

from financial_api.kernel import clock
from outbox import wakeup
from tests.support.clocks import EndlessClock
from tests.support.in_process import nothing_cached


@pytest.fixture(autouse=True)
def _no_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "nudge", lambda: None)


@pytest.fixture(autouse=True)
def _as_if_just_started() -> Iterator[None]:
    """Have nothing cached, no pauses, and as much time for a request as it takes."""
    with nothing_cached(), clock.installed(EndlessClock()):
        yield

import pytest
from hypothesis import HealthCheck, settings

from financial_api.kernel import clock
from tests.unit.building import StoppedClock

settings.register_profile(
    "unit",
    deadline=None,
    max_examples=60,
    derandomize=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("unit")


@pytest.fixture
def stopped_clock():
    """A clock that shows 15 January 2026, noon, until it is told otherwise."""
    with clock.installed(StoppedClock()) as stopped:
        yield stopped

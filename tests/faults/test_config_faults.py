"""SSM that fails at one call after another: the last values serve, or the defaults, never both.

Whoever asks for parameters is answered all the same.
"""

import logging
import math
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from financial_api.kernel import clock
from financial_api.kernel.cache import PAUSE_SECONDS
from financial_api.kernel.parameters import Parameters
from infra_backends.config.ssm import Backend
from tests.faults.wire import LATE, THROTTLED, WITH_EFFECT, WITHOUT_EFFECT, WireFault, failing
from tests.support.answering import answering
from tests.support.breaking import Outage
from tests.support.builders import MOMENT
from tests.support.caches import settle
from tests.support.clocks import OneThreadsClock
from tests.support.emulators import REGION
from tests.support.parameter_store import ParameterStore
from tests.support.soak import soaking

pytestmark = pytest.mark.aws

CACHE_SECONDS = 30.0
CALLS = 2
"""What a read takes: there are more parameters than SSM gives at once."""

FIRST, LAST = "/acme/limits/lowTier", "/acme/whatsapp/approvalExpiryHours"
"""A parameter of the first page, and one of the last."""

FAULTS = [*WITHOUT_EFFECT, *WITH_EFFECT]


def over(faults: list[WireFault]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name)


@pytest.fixture(autouse=True)
def time() -> Iterator[OneThreadsClock]:
    with clock.installed(OneThreadsClock(MOMENT)) as time:
        yield time


@pytest.fixture
def store() -> ParameterStore:
    return ParameterStore()


@pytest.fixture
def build(store: ParameterStore) -> Iterator[Callable[[], Backend]]:
    """Makes a backend that has read nothing yet."""
    built: list[Backend] = []
    with answering(store) as service:

        def build() -> Backend:
            built.append(Backend(region=REGION, path="/acme/", endpoint_url=service.url))
            return built[-1]

        yield build
        for backend in built:
            backend.close()


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], int]:
    """Returns how often was warned since it was last asked."""

    def warned() -> int:
        count = sum(record.levelno == logging.WARNING for record in caplog.records)
        caplog.clear()
        return count

    return warned


def served(backend: Backend) -> Parameters:
    """Return what serves once nothing is being read any more."""
    backend.parameters()
    settle()
    return backend.parameters()


def change(store: ParameterStore, limit: int, hours: int) -> Parameters:
    """Have the store hold other values; return what is to be served of it."""
    store.texts |= {FIRST: str(limit), LAST: str(hours)}
    return Parameters(low_tier_limit=Decimal(limit), approval_expiry_hours=hours)


@over(FAULTS)
@pytest.mark.parametrize("at", range(CALLS))
def test_a_call_that_fails_once_is_made_again_and_nobody_notices(
    build: Callable[[], Backend],
    store: ParameterStore,
    warnings: Callable[[], int],
    fault: WireFault,
    at: int,
) -> None:
    values = change(store, 2100, 30)
    outage = Outage(at)
    with failing(fault, outage):
        assert served(build()) == values
    assert outage.befell
    assert warnings() == 0


@over(soaking(FAULTS, [LATE, THROTTLED]))
@pytest.mark.parametrize("at", range(CALLS))
def test_while_it_goes_on_failing_the_defaults_and_later_the_last_values_serve_with_one_warning(
    build: Callable[[], Backend],
    store: ParameterStore,
    warnings: Callable[[], int],
    time: OneThreadsClock,
    fault: WireFault,
    at: int,
) -> None:
    values, backend = change(store, 2100, 30), build()
    with failing(fault, Outage(at, math.inf)):
        for _ in range(3):
            assert served(backend) == Parameters()
            time.move(seconds=PAUSE_SECONDS + 1)
    assert warnings() == 1
    assert served(backend) == values

    newer = change(store, 2200, 40)
    time.move(seconds=CACHE_SECONDS)
    with failing(fault, Outage(at, math.inf)):
        for _ in range(3):
            assert served(backend) == values
            time.move(seconds=PAUSE_SECONDS + 1)
    assert warnings() == 1
    assert served(backend) == newer
    assert warnings() == 0

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from financial_api.kernel import clock
from infra_backends.messaging.wppconnect import Backend
from tests.support.clocks import UnhurriedClock
from tests.support.gateway import Gateway
from tests.support.gateway import gateway as standing_gateway
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


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A WhatsApp gateway that works until it is told otherwise."""
    with standing_gateway() as gateway:
        yield gateway


@pytest.fixture
def wppconnect(gateway: Gateway) -> Iterator[Backend]:
    """The messaging backend of that gateway, whose pauses take no time."""
    backend = Backend(base_url=gateway.url, secret_key=gateway.secret, session=gateway.session)
    with clock.installed(UnhurriedClock()):
        yield backend
    backend.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which nothing is set but what Python itself needs."""
    folder = tmp_path_factory.mktemp("data")
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

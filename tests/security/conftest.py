"""Runs the tests of this folder over HTTP against one server.

What they ask is decided before a store is, or is the same on each, as `tests/contract` shows.
"""

from collections.abc import Iterator

import pytest

from tests.support.servers import RunningServer, memory_environment, running
from tests.support.webhook import SECRET

SECRET_KEY = "of-this-server-alone-0123456789-0123456789-0123456789"


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    settings = {"THROTTLE": "off", "WEBHOOK_SECRET": SECRET, "SECRET_KEY": SECRET_KEY}
    with (
        memory_environment() as environment,
        running(environment, LOG_LEVEL="DEBUG", **settings) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def proxied() -> Iterator[RunningServer]:
    """A server that believes one proxy in front, and so takes no development tokens."""
    settings = {"THROTTLE": "off", "TRUSTED_PROXIES": "1", "ALLOW_MOCK_TOKENS": "off"}
    with memory_environment() as environment, running(environment, **settings) as server:
        yield server

"""What every test may use, and what every run says."""

import functools
import gc
import os

import botocore.session
import httpx._transports.default as httpx_transport
import pytest
from botocore.loaders import create_loader

from tests.support.emulators import CREDENTIALS
from tests.support.progress import Progress
from tests.support.store import LEFT_OUT

pytest_plugins = [
    "tests.support.callers",
    "tests.support.fixtures",
    "tests.support.server_logs",
    "tests.support.sharing",
    "tests.support.tidiness",
]

# What is tested calls emulators, which know these.
os.environ |= CREDENTIALS

# To read what AWS's services are like takes longer than most tests, and botocore would do so for
# every client that a test makes.
botocore.session.create_loader = functools.cache(create_loader)

# No test talks TLS to a server, and httpx would read all authorities for every client.
httpx_transport.create_ssl_context = functools.cache(httpx_transport.create_ssl_context)


@pytest.hookimpl(trylast=True)  # once there is a terminal to write to
def pytest_configure(config: pytest.Config) -> None:
    is_worker = hasattr(config, "workerinput")
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not is_worker and config.get_verbosity() <= 0:
        config.pluginmanager.register(Progress(terminal))


def pytest_collection_finish() -> None:
    """Look for garbage only among what the tests make: what was collected stays."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in red which backends were not tested, which a bare count of skips would hide."""
    reasons = {
        report.longrepr[2].partition(LEFT_OUT)[2]
        for report in terminalreporter.stats.get("skipped", ())
        if LEFT_OUT in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.write_sep("!", f"{LEFT_OUT}{reason}", red=True, bold=True)

"""What every test may use, and what every run ends with."""

import pytest

from tests.support.store import LEFT_OUT

pytest_plugins = ["tests.support.callers", "tests.support.fixtures"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in red which backends were not tested, which a bare count of skips would hide."""
    reasons = {
        report.longrepr[2].partition(LEFT_OUT)[2]
        for report in terminalreporter.stats.get("skipped", ())
        if LEFT_OUT in report.longrepr[2]
    }
    for reason in sorted(reasons):
        terminalreporter.write_sep("!", f"{LEFT_OUT}{reason}", red=True, bold=True)

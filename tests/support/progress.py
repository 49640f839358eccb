"""What a run says as it goes: how far each folder is, and not a dot for each test."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

QUARTERS = 4


def folder_of(nodeid: str) -> str:
    """Return the suite that a test belongs to, `tests/contract` for example."""
    return "/".join(nodeid.partition("::")[0].split("/")[:2])


class Progress:
    """Says so whenever another quarter of a folder's tests is done.

    With several processes it is the one that hands out the tests; each of the others tells it
    what it has collected, which is the same for all.
    """

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._totals: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.items:
            self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._expect(ids)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show a letter only for what deserves a look at once; skips are named at the end."""
        if report.skipped or (report.when == "call" and report.passed):
            return report.outcome, "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "teardown":
            return
        folder = folder_of(report.nodeid)
        self._done[folder] += 1
        done, total = self._done[folder], self._totals[folder]
        if done * QUARTERS // total > (done - 1) * QUARTERS // total:
            self._terminal.write_line(f"{folder:<20} {100 * done // total:>3} %  {done} of {total}")
            self._terminal.flush()  # for whoever reads it through a pipe

    def _expect(self, ids: Sequence[str]) -> None:
        self._totals = Counter(map(folder_of, ids))

"""What the servers wrote while a test ran that failed."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.servers import RUNNING

MOST_CHARACTERS = 20_000

_before = pytest.StashKey[dict[Path, int]]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note how much each server had written before."""
    item.stash[_before] = {server.log: server.log.stat().st_size for server in RUNNING}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for server in RUNNING:
            written = _written_since(server.log, item.stash[_before].get(server.log, 0))
            if written:
                report.sections.append((f"log of the server at {server.url}", written))
    return report


def _written_since(log: Path, start: int) -> str:
    with log.open("rb") as lines:
        lines.seek(start)
        return lines.read().decode(errors="replace")[-MOST_CHARACTERS:]

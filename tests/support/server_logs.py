"""What the servers wrote: as objects, and while a test ran that failed."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import RUNNING, RunningServer

MOST_CHARACTERS = 20_000

_before = pytest.StashKey[dict[Path, int]]()


def lines_of(server: RunningServer, logger: str | None = None) -> list[dict[str, Any]]:
    """Return what a server logged as JSON: all of it, or what one logger did."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [line for line in lines if logger in {None, line["logger"]}]


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

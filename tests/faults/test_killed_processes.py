"""A process killed with SIGKILL in the middle of a commit: the next finds all of it, or nothing."""

import json
import os
from collections.abc import Iterator

import pytest

from tests.support.fork_server import FORK_SERVER
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.stores import BACKENDS, BackendUnderTest

LASTING = [entry for entry in BACKENDS if not entry.one_process]
"""What is still there when a process has ended."""

DYING_SECONDS = 600.0

FEWEST_STEPS = {"COMMIT": 8, "TransactWriteItems": 4}
"""By what a request's last step is: one transaction of many statements, or of one."""


@pytest.fixture(scope="module", params=LASTING, ids=lambda entry: entry.name)
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment of processes that share a database of their own."""
    entry: BackendUnderTest = request.param
    try:
        with entry.environment() as environment:
            yield os.environ | environment | {"THROTTLE": "off", "ALLOW_MOCK_TOKENS": "on"}
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")


@pytest.mark.parametrize("scenario", ["payment", "approval"])
def test_a_request_killed_at_any_statement_is_done_or_is_not(
    database: dict[str, str], scenario: str
) -> None:
    program = FORK_SERVER.run(("-m", "tests.faults.dying", scenario), database, DYING_SECONDS)

    assert program.returncode == 0, program.stderr
    points = [json.loads(line) for line in program.stdout.splitlines()]
    steps, was_done = zip(*points, strict=True)
    last = steps[-1].removeprefix("after ")
    assert len(steps) >= FEWEST_STEPS[last], steps
    assert steps[-2:] == (f"before {last}", f"after {last}")
    assert was_done == (*[False] * (len(steps) - 1), True), points

"""How many files a server may have open, which is what its connections take."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.support.api import eventually
from tests.support.crowds import LIVENESS, Crowd
from tests.support.fork_server import FORK_SERVER, Forked
from tests.support.ports import free_port
from tests.support.servers import memory_environment

FEW, ENOUGH, HELD = 256, 8_192, 1_000
SERVE_WITHIN = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
sys.argv = ["manage.py", "serve"]
runpy.run_path("manage.py", run_name="__main__")
"""


@contextlib.contextmanager
def serving(soft: int, hard: int, log: Path) -> Iterator[tuple[Forked, str]]:
    """Start a server under limits of open files; yields it, and where it listens if it does."""
    port = str(free_port())
    command = ("-c", SERVE_WITHIN.format(soft=soft, hard=hard))
    with memory_environment() as environment, log.open("wb") as output:
        process = FORK_SERVER.start(command, os.environ | environment | {"PORT": port}, output)
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_the_limit_is_raised_to_what_connections_need(tmp_path: Path) -> None:
    with serving(FEW, ENOUGH, tmp_path / "log") as (_, url):

        def is_live() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{url}{LIVENESS}").is_success
            return False

        eventually(is_live)
        with Crowd(url, [b""] * HELD):
            eventually(is_live)


def test_a_limit_that_cannot_be_raised_is_refused_in_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(FEW, FEW, log) as (process, _):
        assert process.wait(60) != 0

        [said] = log.read_text().splitlines()
        assert "CONNECTIONS" in said

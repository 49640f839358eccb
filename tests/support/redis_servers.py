"""A Redis of the test's own, which keeps nothing."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from tests.support.ports import free_port
from tests.support.store import LEFT_OUT

START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RunningRedis:
    """A server that answers at `url`, unless it is frozen."""

    url: str
    process: "subprocess.Popen[bytes]"

    def freeze(self) -> None:
        """Have it say nothing more; its connections stay, and the kernel takes new ones."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Start a server on a free port and give its URL; skips where Redis is not installed."""
    with running_redis() as server:
        yield server.url


@contextlib.contextmanager
def running_redis(port: int | None = None) -> Iterator[RunningRedis]:
    """Start a server on a port, or a free one; skips where Redis is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(f"{LEFT_OUT}: what needs Redis, since redis-server is not installed")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="financial-api-redis-") as folder:
        process = subprocess.Popen(
            [
                program,
                *("--port", str(port), "--bind", "127.0.0.1", "--dir", folder),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        server = RunningRedis(f"redis://127.0.0.1:{port}/0", process)
        try:
            _wait_for(server.url)
            yield server
        finally:
            server.thaw()
            process.terminate()
            process.wait(START_SECONDS)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                return
            time.sleep(0.02)
    raise AssertionError("redis-server did not start")

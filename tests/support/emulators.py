"""AWS emulators for the tests: each started by the process that tests, on a free port."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from infra_backends.management import emulator
from tests.support.ports import free_port
from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
MINISTACK = ROOT / emulator.EMULATOR
START_SECONDS = 60.0
STOP_SECONDS = 60.0

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator that answers at `url`."""

    url: str
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use it."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, **CREDENTIALS}


@contextlib.contextmanager
def ministack(port: int | None = None, **settings: str) -> Iterator[Emulator]:
    """Start ministack, empty, and end it by its process id. Raises LeftOut."""
    if not MINISTACK.exists():
        raise LeftOut(f"{MINISTACK.relative_to(ROOT)} is not installed")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="financial-api-aws-") as folder:
        settings = emulator.environment(Path(folder), port) | settings
        with _running(emulator.command(ROOT, port), settings, port, "/_ministack/ready") as running:
            yield running


@contextlib.contextmanager
def moto(service: str = "dynamodb") -> Iterator[Emulator]:
    """Start a service of moto's, empty, and end it by its process id."""
    port = free_port()
    granian = [sys.executable, "-W", "ignore", "-m", "granian", "--interface", "wsgi", "--no-ws"]
    place = ["--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "1"]
    command = [*granian, *place, "tests.support.moto_app:app"]
    with _running(command, {"MOTO_SERVICE": service}, port, "/ready") as running:
        yield running


@contextlib.contextmanager
def _running(
    command: list[str], settings: dict[str, str], port: int, ready: str
) -> Iterator[Emulator]:
    process = subprocess.Popen(
        command,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = Emulator(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_ready(running.url + ready, process)
        yield running
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(verify=False, timeout=2) as client:  # noqa: S501  # there is no TLS to verify
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if client.get(url).is_success:
                    return
            time.sleep(0.05)
    raise AssertionError(f"the emulator at {url} did not start")

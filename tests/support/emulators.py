"""AWS emulators for the tests: each started by the process that tests, on a free port."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
MINISTACK = ROOT / ".emulator" / "bin" / "ministack"
START_SECONDS = 60.0
STOP_SECONDS = 10.0

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
def ministack(port: int | None = None) -> Iterator[Emulator]:
    """Start ministack, empty, and end it by its process id. Raises LeftOut."""
    if not MINISTACK.exists():
        raise LeftOut(f"{MINISTACK.relative_to(ROOT)} is not installed")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="financial-api-aws-") as folder:
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "AUTH": "true",
            "LOG_LEVEL": "WARNING",
            "STATE_DIR": f"{folder}/state",
            "S3_DATA_DIR": f"{folder}/s3",
        }
        command = [str(MINISTACK)]
        with _running(command, settings, port, "/_ministack/ready") as emulator:
            yield emulator


@contextlib.contextmanager
def moto() -> Iterator[Emulator]:
    """Start moto's server, empty, and end it by its process id. It loses writes of threads."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1"]
    with _running([*command, "-p", str(port)], {}, port, "/moto-api/data.json") as emulator:
        yield emulator


@contextlib.contextmanager
def _running(
    command: list[str], settings: dict[str, str], port: int, ready: str
) -> Iterator[Emulator]:
    process = subprocess.Popen(
        command,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    emulator = Emulator(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_ready(emulator.url + ready, process)
        yield emulator
    finally:
        process.kill()
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

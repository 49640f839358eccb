"""AWS emulators for the tests: started by the process that tests, or named in its environment."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from infra_backends.management.emulator import EMULATOR, command, environment
from tests.support.ports import free_port
from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
MINISTACK = ROOT / EMULATOR
START_SECONDS = 60.0
STOP_SECONDS = 60.0

ENDPOINT = "AWS_ENDPOINT_URL"
OURS = "TEST_"
for _name in [name for name in os.environ if name.startswith(ENDPOINT)]:
    os.environ[OURS + _name] = os.environ.pop(_name)  # for this process's own, and nobody else's
NAMED = {
    name.removeprefix(OURS): url
    for name, url in os.environ.items()
    if name.startswith(OURS + ENDPOINT) and url
}
"""Where emulators are that the tests are to use, by boto3's variables."""

RUN = os.environ.setdefault("TEST_RUN", f"test{secrets.token_hex(4)}")
"""What the name of everything begins with that this run makes on an emulator."""

REGION = "us-east-1"
CREDENTIALS = {
    name: (NAMED and os.environ.get(name)) or "test"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
}
SERVICES = {
    "cloudformation": "CLOUDFORMATION",
    "cognito-idp": "COGNITO_IDENTITY_PROVIDER",
    "dynamodb": "DYNAMODB",
    "events": "EVENTBRIDGE",
    "sqs": "SQS",
    "ssm": "SSM",
}
"""What boto3's variables call the services."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator that answers at `url`, but for services that are `elsewhere`, by variable."""

    url: str
    process: "subprocess.Popen[bytes] | None" = field(default=None)
    elsewhere: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use it."""
        return {ENDPOINT: self.url, **self.elsewhere, "AWS_REGION": REGION, **CREDENTIALS}

    def url_of(self, service: str) -> str:
        """Return where a service is, by the name of its client."""
        return self.elsewhere.get(f"{ENDPOINT}_{SERVICES[service]}", self.url)


def new_name(suffix: str = "") -> str:
    """Return a name for a resource that nothing else has."""
    return f"{RUN}-{secrets.token_hex(4)}{suffix}"


@contextlib.contextmanager
def emulator(**settings: str) -> Iterator[Emulator]:
    """Give the emulator that is named; start ministack for what none is. Raises LeftOut."""
    elsewhere = {name: url for name, url in NAMED.items() if name != ENDPOINT}
    if ENDPOINT in NAMED:
        yield Emulator(NAMED[ENDPOINT], None, elsewhere)
    else:
        with ministack(**settings) as started:
            yield replace(started, elsewhere=elsewhere)


@contextlib.contextmanager
def ministack(port: int | None = None, **settings: str) -> Iterator[Emulator]:
    """Start ministack, empty, and end it by its process id. Raises LeftOut."""
    if not MINISTACK.exists():
        raise LeftOut(f"{MINISTACK.relative_to(ROOT)} is not installed")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="financial-api-aws-") as folder:
        settings = environment(Path(folder), port) | settings
        with _running(command(ROOT, port), settings, port, "/_ministack/ready") as running:
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

"""What the image is asked, whatever runs its processes: a sandbox of this machine's, or docker."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.support import image
from tests.support.ports import free_port

START_SECONDS = 60.0
STOP_SECONDS = 60.0
RUN_SECONDS = 60.0
ANSWER_SECONDS = 60.0
LOG_SHOWN = 20_000

SHARED_MEMORY = "/dev/shm"
"""What every runtime lets a container write to, whatever else is read-only."""

PROBE = """
import json, os, tempfile

def may_write(folder):
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False

said = (line.partition(":") for line in open("/proc/self/status"))
status = {name: value.strip() for name, _, value in said}
files, owners, ours = [], set(), []
for folder, _, names in os.walk("."):
    for path in (folder, *(os.path.join(folder, name) for name in names)):
        owners.add(os.lstat(path).st_uid)
        if os.access(path, os.W_OK):
            ours.append(path)
    files += [os.path.relpath(os.path.join(folder, name), ".") for name in names]
usual = [".", "/", "/dev", "/dev/shm", "/etc", "/mnt", "/opt/venv", "/tmp", "/usr", "/var/lib"]
print(json.dumps({
    "user": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16),
    "gains_none": status["NoNewPrivs"] == "1",
    "files": sorted(files),
    "writable": sorted(ours + [f for f in [*usual, os.environ["DATA_DIR"]] if may_write(f)]),
    "is_owner": os.getuid() in owners,
}))
"""
"""Prints, run in the image's work folder, what a process there is and may do."""


@dataclass(frozen=True, slots=True)
class Contained:
    """A process in the image, and the file that it writes to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self) -> int:
        """Ask it to stop, as an operator would; return its exit status."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


class Runtime(Protocol):
    """Runs processes in the image, on this machine's network."""

    def running(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> contextlib.AbstractContextManager[Contained]:
        """Run a command until the block ends."""

    def run(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, and return what it wrote."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API in the image that answers at `url`."""

    url: str
    environment: Mapping[str, str]
    contained: Contained

    def get(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(self.url + path, headers=headers, timeout=ANSWER_SECONDS)


def rights(runtime: Runtime) -> dict[str, Any]:
    """Return what a process in the image is and may do; see `proper_rights`."""
    done = runtime.run(["python", "-c", PROBE], {})
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def proper_rights(*writable: str) -> dict[str, Any]:
    """Return what `rights` are to be, of which some folders may be written besides."""
    return {
        "user": image.user_id(),
        "capabilities": 0,
        "gains_none": True,
        "files": image.tree(),
        "writable": sorted([SHARED_MEMORY, *writable]),
        "is_owner": False,
    }


@contextlib.contextmanager
def serving(runtime: Runtime, environment: Mapping[str, str]) -> Iterator[Api]:
    """Serve by the image's own command, on a free port, until the block ends."""
    port = free_port()
    environment = {**environment, "PORT": str(port)}
    with runtime.running(image.command(), environment) as contained:
        api = Api(f"http://127.0.0.1:{port}", environment, contained)
        try:
            _wait_until_live(api)
            yield api
        except BaseException as error:
            error.add_note(f"The API wrote:\n{contained.log.read_text()[-LOG_SHOWN:]}")
            raise


def walkthrough(url: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Play the story from outside, with tokens of the user pool."""
    command = (sys.executable, "-m", "examples.walkthrough", "--no-color", "--user-pool")
    return subprocess.run(
        [*command, "--base-url", url],
        cwd=image.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _wait_until_live(api: Api) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and api.contained.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{api.url}/health/liveness", timeout=2).is_success:
                return
        time.sleep(0.05)
    raise AssertionError("the API did not start")

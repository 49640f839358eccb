"""Real server processes for the tests that talk HTTP, one kind for each backend."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import pytest

from infra_backends.aws.names import Names
from infra_backends.aws.provisioning import provision
from infra_backends.aws.provisioning.clients import Clients
from tests.support.databases import created_postgresql_database
from tests.support.dynamodb import DynamoDBStore
from tests.support.emulators import Emulator, emulator, new_name
from tests.support.fork_server import FORK_SERVER, Forked
from tests.support.ports import free_port
from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 60.0
FAREWELL_SECONDS = 5.0
LOG_SHOWN = 20_000

METRICS_TOKEN = "a-token-for-the-scraper"
"""What a server's metrics are had by, where it asks for one."""

Environment = dict[str, str]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at `url`; `process` is the parent of all, and leads a group."""

    url: str
    process: "Forked | subprocess.Popen[bytes]"
    log: Path

    def stop(self) -> int:
        """Ask the server to stop, as an operator would; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Have it stop; kill it where it does not."""
        try:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server and its workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


RUNNING: list[RunningServer] = []
"""The servers of this process that run now."""


@contextlib.contextmanager
def memory_environment() -> Iterator[Environment]:
    with tempfile.TemporaryDirectory(prefix="financial-api-") as folder:
        yield {"DJANGO_SETTINGS_MODULE": "financial_api.settings.memory", "DATA_DIR": folder}


@contextlib.contextmanager
def sqlite_environment() -> Iterator[Environment]:
    with tempfile.TemporaryDirectory(prefix="financial-api-") as folder:
        yield _migrated(
            {"DJANGO_SETTINGS_MODULE": "financial_api.settings.local", "DATA_DIR": folder}
        )


@contextlib.contextmanager
def postgresql_environment() -> Iterator[Environment]:
    with (
        tempfile.TemporaryDirectory(prefix="financial-api-") as folder,
        created_postgresql_database() as url,
    ):
        yield _migrated(
            {
                "DJANGO_SETTINGS_MODULE": "financial_api.settings.local",
                "DATA_DIR": folder,
                "DATABASE_URL": url,
            }
        )


@contextlib.contextmanager
def aws_environment() -> Iterator[Environment]:
    """Raise LeftOut where a call whose answer came late could not be sent again."""
    with emulator() as aws:
        with contextlib.closing(DynamoDBStore(aws.url_of("dynamodb"))) as store:
            if not store.remembers_tokens:
                raise LeftOut("its engine forgets a transaction's token")
        with provisioned(aws) as environment:
            yield environment


@contextlib.contextmanager
def provisioned(aws: Emulator, prefix: str | None = None) -> Iterator[Environment]:
    """Make all that the service needs of an emulator, under this prefix or one of its own."""
    prefix = prefix or new_name("-")
    with tempfile.TemporaryDirectory(prefix="financial-api-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in aws.environment.items():
                patch.setenv(name, value)
            with Clients() as clients:
                list(provision(clients, Names(prefix)))
        yield {
            "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
            "DATA_DIR": folder,
            "CELERY_BROKER_URL": "",  # the server drains by itself, without a worker
            "AWS_PREFIX": prefix,
            **aws.environment,
        }


def _migrated(environment: Environment) -> Environment:
    command = ("manage.py", "migrate", "--verbosity", "0", "--skip-checks")
    migrated = FORK_SERVER.run(command, os.environ | environment)
    assert migrated.returncode == 0, migrated.stderr
    return environment


@contextlib.contextmanager
def running(
    environment: Environment,
    *,
    command: str = "serve",
    host: str = "127.0.0.1",
    tree: Path = ROOT,
    output: IO[bytes] | None = None,
    **settings: str,
) -> Iterator[RunningServer]:
    """Serve with an environment and more settings until the block ends.

    `command` is the management command: `serve` for granian, `runserver` for Django's server;
    `tree` has the code; `output` is where it writes to, if not into its log. The server is then
    asked to stop: one that is killed leaves its relay's leases behind, and for twelve seconds
    nobody sends what others on the same store have in those shards.
    """
    port = free_port()
    defaults = {
        "HOST": host,
        "PORT": str(port),
        "DATABASE_CONNECTIONS": "4",  # each suite has a dozen servers on one PostgreSQL
        "WORKERS": "1",
        "ALLOW_MOCK_TOKENS": "on",
        "ALLOW_CLEANUP": "on",
        "SECRET_KEY": secrets.token_hex(16),
        "DISABLED_ACCOUNTS": "disabled-at-the-provider",
        "PYTHONUNBUFFERED": "1",
    }
    with tempfile.TemporaryDirectory(prefix="financial-api-log-") as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as file:
            everything = os.environ | environment | defaults | settings
            process = _started(tree, ("manage.py", command), everything, output or file)
        server = RunningServer(f"http://{host}:{port}", process, log)
        RUNNING.append(server)
        try:
            _wait_until_live(server)
            yield server
        except BaseException as error:
            error.add_note(f"The server at {server.url} wrote:\n{log.read_text()[-LOG_SHOWN:]}")
            raise
        finally:
            RUNNING.remove(server)
            if process.poll() is None:
                server.end()


def _started(
    tree: Path, command: Sequence[str], environment: Environment, output: IO[bytes]
) -> "Forked | subprocess.Popen[bytes]":
    """Start Python in a tree; what the fork server has loaded is of this one."""
    if tree == ROOT:
        return FORK_SERVER.start(command, environment, output)
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=tree,
        env=environment,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _wait_until_live(server: RunningServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(verify=False, timeout=2) as client:  # noqa: S501  # there is no TLS to verify
        while time.monotonic() < deadline:
            if server.process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{server.url}/health/liveness").is_success:
                    return
            time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{server.log.read_text()}")

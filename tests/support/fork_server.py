"""Python processes from one that has loaded what they all load, in place of a new interpreter each.

Most of what a server or a worker takes to start goes into libraries, and modules of the service,
that read neither settings nor environment. They are loaded once here, and a process begins as a
fork: its settings, its environment and its arguments are its own. What it has loaded says nothing,
so a test of that starts an interpreter. Run by itself this is that server, on a socket that it
inherits.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import botocore.session
from botocore.loaders import create_loader

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 1 << 17
LOOK_SECONDS = 0.01
END_SECONDS = 10.0
RUN_SECONDS = 60.0

LIBRARIES = (
    *("boto3", "botocore.awsrequest", "botocore.client", "botocore.endpoint", "botocore.session"),
    *("celery.apps.worker", "celery.bin.celery", "celery.concurrency.prefork"),
    *("celery.worker.consumer", "kombu.transport.SQS", "kombu.transport.redis"),
    *("django.contrib.admindocs.views", "django.contrib.postgres.fields", "django.middleware.csrf"),
    *("django.core.handlers.wsgi", "django.core.management", "django.core.serializers.json"),
    *("django.db.backends.sqlite3.base", "django.db.backends.postgresql.base", "django.db.models"),
    *("django.db.migrations.autodetector", "django.test", "django.urls", "django.views.generic"),
    *("cryptography.hazmat.primitives.asymmetric.rsa", "environ", "granian.server", "httpx", "jwt"),
    *("msgspec", "phonenumbers", "psycopg", "redis", "requests", "uritemplate", "yaml"),
)

OWN_MODULES = (
    *("accounts.examples", "accounts.services", "cards.examples", "cards.services"),
    *("financial_api.api.authentication", "financial_api.api.body", "financial_api.api.pagination"),
    *("infra_backends.persistence.dynamodb.client", "infra_backends.persistence.dynamodb.backend"),
    *("infra_backends.persistence.orm.tables", "notifications.answering", "notifications.expiry"),
    *("outbox.examples", "outbox.wakeup", "transactions.examples", "transactions.services"),
)
"""Modules of the service that between them load all of it that reads neither settings nor
environment. One that reads settings fails here: this process has none, and no environment."""

AWS_SERVICES = ("cognito-idp", "dynamodb", "events", "sqs", "ssm")


class Forked:
    """A process that was started here, used as one of `subprocess` is."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self._server = server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs; that of one killed is negative."""
        if self.returncode is None:
            self.returncode = self._server.status_of(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(LOOK_SECONDS)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The server as its clients have it; started on first use, and ended with who started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: IO[bytes],
        errors: IO[bytes] | None = None,
    ) -> Forked:
        """Start a Python program in a group of its own, from the project's folder.

        `command` is what would stand behind `python`: a file and arguments, `-m` and a module, or
        `-c` and a program. Errors go where the output goes, unless it is said where.
        """
        request = {"command": list(command), "environment": dict(environment)}
        return Forked(self, self._ask(request, [output.fileno(), (errors or output).fileno()]))

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], timeout: float = RUN_SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, and return what it wrote. Raises subprocess.TimeoutExpired."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = self.start(command, environment, output, errors)
            try:
                status = process.wait(timeout)
            finally:
                process.kill()
            return subprocess.CompletedProcess(command, status, _text_of(output), _text_of(errors))

    def status_of(self, pid: int) -> int | None:
        """Return the exit status of a process, or None while it runs."""
        status: int | None = self._ask({"pid": pid}, [])
        return status

    def _ask(self, request: dict[str, Any], files: Sequence[int]) -> Any:
        with self._lock:
            if self._socket is None:
                self._socket = self._started()
            socket.send_fds(self._socket, [json.dumps(request).encode()], files)
            return json.loads(self._socket.recv(LARGEST))

    @staticmethod
    def _started() -> socket.socket:
        own, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        with its:
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(its.fileno())],
                cwd=ROOT,
                env={},
                pass_fds=[its.fileno()],
                start_new_session=True,
            )

        def end() -> None:
            own.close()
            server.wait(END_SECONDS)

        atexit.register(end)
        return own


FORK_SERVER = ForkServer()


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def serve(number: int) -> None:
    """Answer requests until the other end closes; returns in a child as well, to go on as it."""
    _load()
    with socket.socket(fileno=number) as clients:
        while True:
            message, files, _, _ = socket.recv_fds(clients, LARGEST, 2)
            if not message:
                os._exit(0)
            request = json.loads(message)
            if "pid" in request:
                answer: int | None = _status_of(request["pid"])
            elif (answer := os.fork()) == 0:
                break
            else:
                os.setpgid(answer, answer)  # it may be told to end before it has come so far
            for file in files:
                os.close(file)
            clients.sendall(json.dumps(answer).encode())
    _become(request["command"], request["environment"], *files)


def _load() -> None:
    """Load what a process would, and what botocore reads of the services that it calls."""
    for name in LIBRARIES + OWN_MODULES:
        importlib.import_module(name)
    botocore.session.create_loader = functools.cache(create_loader)
    loader = botocore.session.create_loader(None)
    for service in AWS_SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    gc.freeze()  # a process looks for garbage among what is its own, and leaves the rest shared


_ended: dict[int, int] = {}
"""The exit status of each process that has ended: the system tells it once, threads ask twice."""


def _status_of(pid: int) -> int | None:
    if pid not in _ended:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _ended[pid] = os.waitstatus_to_exitcode(status)
    return _ended.get(pid)


def _become(
    command: Sequence[str], environment: Mapping[str, str], output: int, errors: int
) -> None:
    """Run a program in this process, as if an interpreter had been started with it."""
    os.setpgid(0, 0)
    for file, place in ((output, 1), (errors, 2)):
        os.dup2(file, place)
        os.close(file)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(environment)
    if command[0] == "-m":
        sys.argv = list(command[1:])
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    elif command[0] == "-c":
        sys.argv = ["-c", *command[2:]]
        exec(command[1], {"__name__": "__main__"})  # noqa: S102  # a test's own program
    else:
        sys.argv = list(command)
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(int(sys.argv[1]))

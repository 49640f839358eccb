"""The service on an emulator of AWS, with everything that belongs to it, until Ctrl-C."""

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import environment
from financial_api.kernel.ports import HIGHEST, free_port, is_free, obstacle, taken
from infra_backends.aws.names import names_here
from infra_backends.aws.provisioning import provision
from infra_backends.aws.provisioning.changes import ProvisioningError
from infra_backends.aws.provisioning.clients import Clients
from infra_backends.aws.provisioning.waiting import wait_until
from infra_backends.management import emulator
from infra_backends.management.processes import Processes, interruptible

USUAL_PORT = 4566
START_SECONDS = 30.0

REGION = "us-east-1"
CREDENTIALS = "test"
"""The key and the secret that the emulator accepts."""

DEMO_PREFIX = "demo-"
SETTINGS = "financial_api.settings.aws"
MANAGE = (sys.executable, "manage.py")
WORKER = (sys.executable, "-m", "celery", "--app", "financial_api", "worker", "--beat")

EXPORTS = """
Other shells need

  export DJANGO_SETTINGS_MODULE={settings} ALLOW_MOCK_TOKENS=on
  export AWS_ENDPOINT_URL={url} AWS_REGION={region}
  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={key}
"""
ALONE = """
for what is to use it, such as

  .venv/bin/python manage.py runserver
  .venv/bin/celery -A financial_api worker -B

Ctrl-C stops it."""
ALL = """
for what speaks to AWS, as these do, from .venv/bin/python manage.py:

  cognito_token --username user@test.com     a token of the pool; admin@test.com too
  mock_token --ecosystem-id user-002         a development token, for anyone else
  outbox_status                              how far the relay is behind
  localstack_reset                           a clean slate

The API is on port {port}, AWS on {emulator_port}, and {here}/docs has every operation.
Whoever is new registers first:

  TOKEN=$(.venv/bin/python manage.py cognito_token --username user@test.com)
  curl -X POST {here}/v1/users -H "Authorization: Bearer $TOKEN"

Ctrl-C stops everything."""


class Command(BaseCommand):
    help = (
        "Start ministack, provision it, register the demo users, and run the API with the relay; "
        "Ctrl-C stops them all. PORT and EMULATOR_PORT say where; PERSIST=on, or a folder, keeps "
        "the emulator's data for the next time."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--emulator-only",
            action="store_true",
            help="start and provision the emulator, and say what others need to use it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.chdir(settings.BASE_DIR)
        is_alone = options["emulator_only"]
        if not emulator.EMULATOR.exists():
            raise CommandError(f"{emulator.EMULATOR} is not there: `make aws` installs it.")
        reason = None if is_alone else obstacle(settings.HOST, settings.PORT, "make aws")
        if reason is not None:
            raise CommandError(reason)
        try:
            with contextlib.suppress(KeyboardInterrupt), interruptible():
                self._run_until_one_ends(is_alone)
        except (ProvisioningError, BotoCoreError, ClientError) as error:
            raise CommandError(str(error)) from error

    def _run_until_one_ends(self, is_alone: bool) -> None:
        with _folder() as folder, Processes() as processes:
            url = self._start_emulator(processes, folder)
            _use(url)
            self._provision()
            if not is_alone:
                self._seed(processes)
                self._start_the_rest(processes)
            self._say(_text(url, ALONE if is_alone else ALL))
            ended = processes.wait_for_an_end()
        raise CommandError(f"{ended}, so all the rest was stopped.")

    def _start_emulator(self, processes: Processes, folder: Path) -> str:
        port = _emulator_port()
        if port != USUAL_PORT and not _is_asked_for_a_port():
            self._say(f"Port {USUAL_PORT} is taken: the emulator takes {port}.")
        self._say(f"Starting the emulator on port {port} …")
        process = processes.start(
            "the emulator",
            emulator.command(settings.BASE_DIR, port),
            **emulator.environment(folder, port),
            PERSIST_STATE="1",
        )
        url = f"http://127.0.0.1:{port}"
        _wait_for("the emulator", process, f"{url}/_ministack/ready")
        return url

    def _provision(self) -> None:
        self._say("Provisioning it …")
        with Clients() as clients:
            changes = list(provision(clients, names_here(), with_development_users=True))
        counted = collections.Counter(change.outcome for change in changes)
        done = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
        self._say(f"AWS resources: {done}.")

    def _seed(self, processes: Processes) -> None:
        """Register the demo users of `make run`, whose ids the pool's own users have here."""
        command = [*MANAGE, "seed_demo", "--prefix", DEMO_PREFIX]
        if status := processes.start("the demo", command).wait():
            raise CommandError(f"seed_demo ended with status {status}.")

    def _start_the_rest(self, processes: Processes) -> None:
        self._say(f"Starting the API on port {settings.PORT}, and a worker …")
        api = processes.start("the API", [*MANAGE, "runserver", "--brief"])
        processes.start("the worker", WORKER)
        _wait_for("the API", api, f"http://127.0.0.1:{settings.PORT}/health/liveness")

    def _say(self, text: str) -> None:
        """Write at once: the processes that are started here write to the same place."""
        self.stdout.write(text)
        self.stdout.flush()


def _text(url: str, template: str) -> str:
    """Return what other shells need, and what there is to do in them."""
    return (EXPORTS + template).format(
        settings=SETTINGS,
        url=url,
        region=REGION,
        key=CREDENTIALS,
        emulator_port=urlsplit(url).port,
        port=settings.PORT,
        here=f"http://127.0.0.1:{settings.PORT}",
    )


def _is_asked_for_a_port() -> bool:
    return "EMULATOR_PORT" in os.environ


def _emulator_port() -> int:
    """Return the port that was asked for, else the usual one or, if that is taken, another."""
    wanted = environment.whole("EMULATOR_PORT", USUAL_PORT, least=1, most=HIGHEST)
    if is_free("127.0.0.1", wanted):
        return wanted
    if _is_asked_for_a_port():
        raise CommandError(taken(wanted, "make aws", "EMULATOR_PORT"))
    return free_port()


def _wait_for(name: str, process: "subprocess.Popen[bytes]", url: str) -> None:
    """Wait until a process answers there with success. Raises CommandError when it has ended."""

    def answers() -> bool:
        if process.poll() is not None:
            raise CommandError(f"{name} ended with status {process.returncode}.")
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(url, timeout=2).is_success
        return False

    wait_until(answers, name, START_SECONDS)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Give the folder that PERSIST asks for, or one that is gone afterwards."""
    wanted = environment.text("PERSIST", "off", valid="on, off or a folder")
    is_wanted = environment.BOOLEANS.get(wanted.lower())
    if is_wanted is False:
        with tempfile.TemporaryDirectory(prefix="financial-api-aws-") as folder:
            yield Path(folder)
        return
    kept = settings.DATA_DIR / "aws" if is_wanted else Path(wanted).resolve()
    kept.mkdir(parents=True, exist_ok=True)
    yield kept


def _use(url: str) -> None:
    """Have this process and those it starts speak to the emulator, and to nobody else."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "COGNITO_"))]:
        if name != "AWS_PREFIX":
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "ALLOW_MOCK_TOKENS": os.environ.get("ALLOW_MOCK_TOKENS", "on"),
        "ALLOW_CLEANUP": os.environ.get("ALLOW_CLEANUP", "on"),
        "LOG_FORMAT": os.environ.get("LOG_FORMAT", "line"),
        "DATA_DIR": str(settings.DATA_DIR),
    }

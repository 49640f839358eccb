"""The service on an emulator of AWS, with everything that belongs to it, until Ctrl-C."""

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import environment
from financial_api.kernel.ports import HIGHEST, free_port, is_free, taken
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
        if not emulator.EMULATOR.exists():
            raise CommandError(f"{emulator.EMULATOR} is not there: `make aws` installs it.")
        with contextlib.suppress(KeyboardInterrupt), interruptible():
            if options["emulator_only"]:
                self._run_until_one_ends(self._start_nothing_else)
            elif is_free(settings.HOST, settings.PORT):
                self._run_until_one_ends(self._start_the_rest)
            else:
                raise CommandError(taken(settings.PORT, "make aws"))

    def _run_until_one_ends(self, go_on: Callable[[Processes, str], str]) -> None:
        with _folder() as folder, Processes() as processes:
            url = self._start_emulator(processes, folder)
            _use(url)
            self._provision()
            self._say(go_on(processes, url))
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

        def is_ready() -> bool:
            if process.poll() is not None:
                raise CommandError(f"The emulator ended with status {process.returncode}.")
            return _answers(f"{url}/_ministack/ready")

        wait_until(is_ready, "the emulator", START_SECONDS)
        return url

    def _provision(self) -> None:
        self._say("Provisioning it …")
        try:
            with Clients() as clients:
                changes = list(provision(clients, names_here(), with_development_users=True))
        except (ProvisioningError, BotoCoreError, ClientError) as error:
            raise CommandError(str(error)) from error
        counted = collections.Counter(change.outcome for change in changes)
        done = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
        self._say(f"AWS resources: {done}.")

    def _start_the_rest(self, processes: Processes, url: str) -> str:
        """Start the API and a worker; return what to say once the API answers."""
        self._seed()
        self._say(f"Starting the API on port {settings.PORT}, and a worker …")
        api = processes.start("the API", [*MANAGE, "runserver", "--brief"])
        processes.start("the worker", WORKER)
        here = f"http://127.0.0.1:{settings.PORT}"

        def is_live() -> bool:
            if api.poll() is not None:
                raise CommandError(f"The API ended with status {api.returncode}.")
            return _answers(f"{here}/health/liveness")

        wait_until(is_live, "the API", START_SECONDS)
        return "\n".join(
            (
                _exports(url),
                "for what speaks to AWS, as these do, from .venv/bin/python manage.py:",
                "",
                "  cognito_token --username admin@test.com    a token of the pool; user@… too",
                "  mock_token --ecosystem-id user-002         a development token, for anyone else",
                "  outbox_status                              how far the relay is behind",
                "  localstack_reset                           a clean slate",
                "",
                f"The API is on port {settings.PORT}, AWS on {urlsplit(url).port}, and {here}/docs",
                "has every operation. Whoever is new registers first:",
                "",
                "  TOKEN=$(.venv/bin/python manage.py cognito_token --username user@test.com)",
                f'  curl -X POST {here}/v1/users -H "Authorization: Bearer $TOKEN"',
                "",
                "Ctrl-C stops everything.",
            )
        )

    def _seed(self) -> None:
        """Register the demo users of `make run`, whose ids the pool's own users have here."""
        command = [*MANAGE, "seed_demo", "--prefix", DEMO_PREFIX]
        if status := subprocess.run(command, check=False).returncode:  # noqa: S603  # every word is ours
            raise CommandError(f"seed_demo ended with status {status}.")

    def _start_nothing_else(self, processes: Processes, url: str) -> str:
        return "\n".join(
            (
                _exports(url),
                "for what is to use it, such as",
                "",
                "  .venv/bin/python manage.py runserver",
                "  .venv/bin/celery -A financial_api worker -B",
                "",
                "Ctrl-C stops it.",
            )
        )

    def _say(self, text: str) -> None:
        """Write at once: the processes that are started here write to the same place."""
        self.stdout.write(text)
        self.stdout.flush()


def _exports(url: str) -> str:
    """Return what other shells have to be told."""
    return "\n".join(
        (
            "",
            "Other shells need",
            "",
            f"  export DJANGO_SETTINGS_MODULE={SETTINGS} ALLOW_MOCK_TOKENS=on",
            f"  export AWS_ENDPOINT_URL={url} AWS_REGION={REGION}",
            f"  export AWS_ACCESS_KEY_ID={CREDENTIALS} AWS_SECRET_ACCESS_KEY={CREDENTIALS}",
            "",
        )
    )


def _is_asked_for_a_port() -> bool:
    return "EMULATOR_PORT" in os.environ


def _emulator_port() -> int:
    """Return the port that was asked for, else the usual one or, if that is taken, another."""
    wanted = environment.whole("EMULATOR_PORT", USUAL_PORT, least=1, most=HIGHEST)
    if is_free("127.0.0.1", wanted):
        return wanted
    if _is_asked_for_a_port():
        raise CommandError(f"EMULATOR_PORT is {wanted}, and that port is taken.")
    return free_port()


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url, timeout=2).is_success
    return False


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

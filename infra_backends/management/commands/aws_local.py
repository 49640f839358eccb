"""The service on an emulator of AWS, with everything that belongs to it, until Ctrl-C."""

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel.ports import free_port, is_free, taken
from infra_backends.aws.provisioning import provision
from infra_backends.aws.provisioning.changes import ProvisioningError
from infra_backends.aws.provisioning.clients import Clients, names_here
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
OFF = {"", "off", "no", "false", "0"}
ON = {"on", "yes", "true", "1"}


class Command(BaseCommand):
    help = (
        "Start ministack, provision it, register the demo users, and run the API with the relay; "
        "Ctrl-C stops them all. PORT and EMULATOR_PORT say where; PERSIST=on, or a folder, keeps "
        "the emulator's data for the next time."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        os.chdir(settings.BASE_DIR)
        if not emulator.EMULATOR.exists():
            raise CommandError(f"{emulator.EMULATOR} is not there: `make aws` installs it.")
        if not is_free(settings.HOST, settings.PORT):
            raise CommandError(taken(settings.PORT, "make aws"))
        with contextlib.suppress(KeyboardInterrupt), interruptible():
            self._run_until_one_ends()

    def _run_until_one_ends(self) -> None:
        with _folder() as folder, Processes() as processes:
            url = self._start_emulator(processes, folder)
            _use(url)
            self._provision()
            self._seed()
            self._say_where_things_are(url)
            processes.start("the API", [*MANAGE, "runserver", "--brief"])
            processes.start("the worker", WORKER)
            ended = processes.wait_for_an_end()
        raise CommandError(f"{ended}, so all the rest was stopped.")

    def _start_emulator(self, processes: Processes, folder: Path) -> str:
        wanted = int(os.environ.get("EMULATOR_PORT") or USUAL_PORT)
        port = wanted if is_free("127.0.0.1", wanted) else free_port()
        if port != wanted:
            self.stdout.write(f"Port {wanted} is taken: the emulator takes {port}.")
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
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{url}/_ministack/ready", timeout=2).is_success
            return False

        wait_until(is_ready, "the emulator", START_SECONDS)
        return url

    def _provision(self) -> None:
        try:
            with Clients() as clients:
                changes = list(provision(clients, names_here(), with_development_users=True))
        except (ProvisioningError, BotoCoreError, ClientError) as error:
            raise CommandError(str(error)) from error
        counted = collections.Counter(change.outcome for change in changes)
        done = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
        self.stdout.write(f"AWS resources: {done}.")

    def _seed(self) -> None:
        """Register the demo users of `make run`, whose ids the pool's own users have here."""
        command = [*MANAGE, "seed_demo", "--prefix", DEMO_PREFIX]
        if status := subprocess.run(command, check=False).returncode:  # noqa: S603  # every word is ours
            raise CommandError(f"seed_demo ended with status {status}.")

    def _say_where_things_are(self, url: str) -> None:
        lines = (
            "",
            f"The API is at http://127.0.0.1:{settings.PORT}, AWS at {url}. Other shells need",
            "",
            f"  export DJANGO_SETTINGS_MODULE={SETTINGS} ALLOW_MOCK_TOKENS=on",
            f"  export AWS_ENDPOINT_URL={url} AWS_REGION={REGION}",
            f"  export AWS_ACCESS_KEY_ID={CREDENTIALS} AWS_SECRET_ACCESS_KEY={CREDENTIALS}",
            "",
            "for what speaks to AWS, as these do, from .venv/bin/python manage.py:",
            "",
            "  cognito_token --username user@test.com     a token of the pool; admin@test.com too",
            "  mock_token --ecosystem-id user-002         a development token, for anyone else",
            "  outbox_status                              how far the relay is behind",
            "  localstack_reset                           a clean slate",
            "",
            "Whoever is new registers first: curl -X POST "
            f'http://127.0.0.1:{settings.PORT}/v1/users -H "Authorization: Bearer $TOKEN"',
            "Ctrl-C stops everything.",
            "",
        )
        self.stdout.write("\n".join(lines))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Give the folder that PERSIST asks for, or one that is gone afterwards."""
    wanted = os.environ.get("PERSIST", "")
    if wanted.lower() in OFF:
        with tempfile.TemporaryDirectory(prefix="financial-api-aws-") as folder:
            yield Path(folder)
        return
    kept = settings.DATA_DIR / "aws" if wanted.lower() in ON else Path(wanted).resolve()
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
        "DATA_DIR": str(settings.DATA_DIR),
    }

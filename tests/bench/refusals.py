"""How soon a process ends that must not start on AWS, and what it says.

python -m tests.bench.refusals
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.emulators import CREDENTIALS, Emulator, ministack
from tests.support.fork_server import ROOT
from tests.support.ports import free_port

TARGET_SECONDS = 5
COMMANDS = {
    "serve": ("manage.py", "serve"),
    "runserver": ("manage.py", "runserver"),
    "worker": ("-m", "celery", "-A", "financial_api", "worker"),
}
OF_SERVERS = {"SECRET_KEY", "a pool"}
SERVICES = ("DYNAMODB", "SSM", "EVENTS", "SQS", "COGNITO_IDENTITY_PROVIDER")


def everything(emulator: Emulator, folder: str) -> dict[str, str]:
    """Return all that AWS itself wants, with the emulator for each of its services."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "DATA_DIR": folder,
        "PORT": str(free_port()),
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.aws",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_PREFIX": "unprovisioned-",
        "SECRET_KEY": secrets.token_hex(32),
        "CELERY_QUEUE_URL": f"{emulator.url}/000000000000/acme-celery",
        "COGNITO_USER_POOL_ID": "us-east-1_Example12",
        "COGNITO_CLIENT_ID": "an1example1client",
        **CREDENTIALS,
        **{f"AWS_ENDPOINT_URL_{name}": emulator.url for name in SERVICES},
    }


def lacking(whole: dict[str, str], silent: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give what is missing, and the environment without it."""

    def without(*names: str, **more: str) -> dict[str, str]:
        return {name: text for name, text in whole.items() if name not in names} | more

    config = Path(whole["HOME"], "config")
    config.write_text("[default]\ncredential_process = /bin/sleep 60\n")
    keys = tuple(CREDENTIALS)
    machine = (*keys, "AWS_EC2_METADATA_DISABLED")
    yield "SECRET_KEY", without("SECRET_KEY")
    yield "credentials", without(*keys)
    yield (
        "credentials, of a machine that is silent",
        without(*machine, AWS_EC2_METADATA_SERVICE_ENDPOINT=silent),
    )
    yield (
        "credentials, of a program that hangs",
        without(*keys, AWS_CONFIG_FILE=str(config)),
    )
    yield "a pool", without("COGNITO_USER_POOL_ID", "COGNITO_CLIENT_ID")


def main() -> None:
    print(f"exit within {TARGET_SECONDS} s, with the line that names what is missing")
    with (
        ministack() as emulator,
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        silent = f"http://127.0.0.1:{server.getsockname()[1]}"
        for what, environment in lacking(everything(emulator, folder), silent):
            for name, command in COMMANDS.items():
                if name != "worker" or what not in OF_SERVERS:
                    report(what, name, command, environment)


def report(what: str, name: str, command: tuple[str, ...], environment: dict[str, str]) -> None:
    started = time.monotonic()
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    seconds = time.monotonic() - started
    [*_, line] = ran.stderr.splitlines()
    print(f"{what:42} {name:10} {seconds:5.2f} s  status {ran.returncode}  {line[:60]} …")


if __name__ == "__main__":
    main()

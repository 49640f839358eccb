"""How soon a process ends that must not start on AWS, and what it says.

python -m tests.bench.refusals
"""

import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.emulators import CREDENTIALS, ministack
from tests.support.interpreters import started
from tests.support.lacking import whole_shell

TARGET_SECONDS = 5
COMMANDS = {
    "serve": ("manage.py", "serve"),
    "runserver": ("manage.py", "runserver"),
    "worker": ("-m", "celery", "-A", "financial_api", "worker"),
}
OF_SERVERS = {"SECRET_KEY", "a pool"}


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
        for what, environment in lacking(whole_shell(folder, emulator), silent):
            for name, command in COMMANDS.items():
                if name != "worker" or what not in OF_SERVERS:
                    report(what, name, command, environment)


def report(what: str, name: str, command: tuple[str, ...], environment: dict[str, str]) -> None:
    since = time.monotonic()
    ran = started(command, environment)
    seconds = time.monotonic() - since
    [*_, line] = ran.stderr.splitlines()
    print(f"{what:42} {name:10} {seconds:5.2f} s  status {ran.returncode}  {line[:60]} …")


if __name__ == "__main__":
    main()

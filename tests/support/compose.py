"""docker-compose.aws.yml as a test reads it, and the schema of such files."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.aws.yml"

SCHEMA = "usr/lib/python3/dist-packages/compose/config/compose_spec.json"
"""Where Debian's docker-compose has the schema of the Compose Specification."""
PATIENCE_SECONDS = 60


def services() -> dict[str, Any]:
    """Return the services by name, with every variable at its default."""
    return loaded()["services"]


def loaded() -> dict[str, Any]:
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text()))


def environment_of(name: str, port: int) -> dict[str, str]:
    """Return what a service is given where nobody sets anything, its emulators on one port."""
    given = services()[name]["environment"]
    return {key: _on(port, str(value)) for key, value in given.items() if value is not None}


def _on(port: int, text: str) -> str:
    return re.sub(r"\b456[67]\b", str(port), text)


def on_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the emulators have no names of their own."""
    emulator = re.compile(r"//(?:cognito\.)?localstack\b")
    return {name: emulator.sub("//127.0.0.1", value) for name, value in environment.items()}


def names_here() -> str:
    """Return a hosts file in which the emulators' names are this machine."""
    return "127.0.0.1 localhost localstack cognito.localstack\n"


def health_check_of(name: str, port: int = 4567) -> list[str]:
    """Return the command of a service's own health check, with an emulator on a port."""
    shell, *words = services()[name]["healthcheck"]["test"]
    assert shell == "CMD"
    return [_on(port, word) for word in words]


def schema(folder: Path) -> dict[str, Any]:
    """Return the schema, from the package if it is installed, else unpacked into `folder`.

    Raises LeftOut where neither is possible.
    """
    installed = Path("/") / SCHEMA
    if not installed.exists():
        installed = _unpacked(folder) / SCHEMA
    return json.loads(installed.read_text())


def _unpacked(folder: Path) -> Path:
    try:
        _run(["apt-get", "download", "docker-compose"], folder)
        [package] = folder.glob("docker-compose_*.deb")
        _run(["dpkg-deb", "--extract", package.name, "unpacked"], folder)
    except (OSError, subprocess.SubprocessError) as error:
        raise LeftOut(f"docker-compose's package cannot be had ({error})") from error
    return folder / "unpacked"


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_SECONDS)

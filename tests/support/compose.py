"""docker-compose.aws.yml as a test reads it, and the schema of such files."""

import json
import re
import subprocess
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

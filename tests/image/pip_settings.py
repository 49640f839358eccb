"""How this machine's pip reaches its index, as secrets of a build."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

CERTIFICATE = "/run/secrets/pip.crt"
"""Where a build has the authorities that pip is to trust."""

PASSED_ON = ("index-url", "extra-index-url", "proxy", "timeout", "trusted-host")
ENVIRONMENT = ":env:"
LINE = re.compile(r"^(\S+)\.([\w-]+)='(.*)'$", re.MULTILINE)


def pip_secrets(folder: Path) -> dict[str, Path]:
    """Return the files of a build's secrets by name: none where pip has nothing special to know.

    Folders of this machine are not passed on: a build does not see them.
    """
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings: dict[str, str] = {}
    found: dict[str, Path] = {}
    from_files_first = sorted(LINE.findall(listed.stdout), key=lambda line: line[0] == ENVIRONMENT)
    for _, name, value in from_files_first:
        words = [word for word in re.split(r"\s+|\\n", value) if not word.startswith("file:")]
        if name == "cert":
            settings[name] = CERTIFICATE
            found["pip.crt"] = Path(value)
        elif name in PASSED_ON and any(words):
            settings[name] = " ".join(words)
    if settings:
        found["pip.conf"] = folder / "pip.conf"
        parser = configparser.RawConfigParser()
        parser["global"] = settings
        with found["pip.conf"].open("w") as file:
            parser.write(file)
    return found

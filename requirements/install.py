"""Installs what a lock file pins, into the environment of the Python that runs this.

python requirements/install.py requirements/run.txt

Says in a line what it does, and where it is every few seconds. What pip says besides goes into a
log file. Ends with status 1, and a sentence, when something could not be installed.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

LIMITS = {"PIP_DEFAULT_TIMEOUT": "15", "PIP_RETRIES": "2"}
"""How long a silent index is waited for, in seconds, and how often it is tried again; a person's
own values of these go first."""

EVERY_SECONDS = 5.0
"""How often to say how far it is."""

PINNED = re.compile(r"^[a-z0-9][\w.\[\]-]*==", re.MULTILINE | re.IGNORECASE)
UNREACHED = re.compile(
    r"Retrying \(Retry\(|ConnectionError|ConnectTimeout|ReadTimeout|Read timed out|ProxyError"
    r"|Network is unreachable|Name or service not known|Temporary failure in name resolution"
)
MISMATCHED = re.compile(r"DO NOT MATCH THE HASHES")


class Progress:
    """What a person is told while pip works."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._started = self._said = time.monotonic()
        self._fetched = 0

    def hear(self, line: str) -> None:
        """Take a line of pip's, and say what follows from it, if it is worth it."""
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            self._fetched += 1
            self._say_now_and_then(f"{self._fetched} of {self._total}")
        elif "Retrying (Retry(" in line:
            self._say_now_and_then("no answer; trying again")
        elif line.startswith("Installing collected packages"):
            self._say("fetched and compared with their hashes; unpacking")
        elif line.startswith("Successfully installed"):
            self._say("done")

    def _say_now_and_then(self, what: str) -> None:
        if time.monotonic() - self._said >= EVERY_SECONDS:
            self._say(what)

    def _say(self, what: str) -> None:
        self._said = time.monotonic()
        print(f"  {what} ({self._said - self._started:.0f} s)", flush=True)


def install(lock: Path, log: Path) -> int:
    """Have pip install what a lock file pins; return its exit status."""
    total = len(PINNED.findall(lock.read_text(encoding="utf-8")))
    print(f"Installing {total} locked packages of {lock} into {environment()} …", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            [*command, "--no-input", "--progress-bar", "off", "--require-hashes", "-r", str(lock)],
            env=LIMITS | os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        follow(pip.stdout or (), output, Progress(total))
    return pip.returncode


def follow(lines: Iterable[str], log: TextIO, progress: Progress) -> None:
    for line in lines:
        log.write(line)
        progress.hear(line)


def reason(said: str, lock: Path) -> str:
    """Return in a sentence why pip could not install a lock file, by what it said."""
    if MISMATCHED.search(said):
        return f"A package is not the one that {lock} locks, so it was not installed."
    if UNREACHED.search(said):
        return (
            "The packages could not be fetched: is there a network? "
            "PIP_INDEX_URL names another index, PIP_PROXY a proxy."
        )
    errors = re.findall(r"^ERROR: (.*)$", said, re.MULTILINE)
    return f"The packages could not be installed: {errors[-1] if errors else 'pip failed'}"


def environment() -> str:
    """Return the folder of this virtual environment, as short as it can be said."""
    return os.path.relpath(sys.prefix)


def main(lock: Path) -> int:
    log = Path(sys.prefix, "install.log")
    if not install(lock, log):
        return 0
    said = log.read_text(encoding="utf-8")
    print(reason(said, lock), file=sys.stderr)
    print(f"What pip said is in {os.path.relpath(log)}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except KeyboardInterrupt:
        sys.exit(130)

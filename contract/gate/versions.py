"""Versions as https://semver.org has them, and what a changelog says of each."""

import re
from dataclasses import dataclass
from typing import Any

from contract.gate.comparison import EVERY_OPERATION
from contract.gate.document import Document, UnreadableContract
from contract.gate.findings import Finding

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_HEADING = re.compile(r"^##\s+\[?(?P<version>\d+\.\d+\.\d+)\]?")
_ENTRY = re.compile(r"^\s*[-*+]\s+")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: Any, where: str) -> "Version":
        """Return the version in a text such as `1.0.0`. Raises UnreadableContract."""
        match = _VERSION.fullmatch(str(text))
        if match is None:
            raise UnreadableContract(f"{where} is {text}, and no version such as 1.0.0.")
        return cls(*map(int, match.groups()))

    @property
    def next_major(self) -> "Version":
        return Version(self.major + 1, 0, 0)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def version_of(document: Document) -> Version:
    """Return `info.version`. Raises UnreadableContract."""
    info = document.mapping(document.root["info"], "`info`")
    return Version.parse(info.get("version"), f"`info.version` of {document.name}")


def entries(changelog: str, version: Version) -> list[str] | None:
    """Return the entries under a version of a changelog, each as one line; None without any such.

    The form is that of https://keepachangelog.com.
    """
    found: list[str] | None = None
    within = False
    for line in changelog.splitlines():
        if line.startswith("## "):
            heading = _HEADING.match(line)
            within = heading is not None and heading["version"] == str(version)
            found = [] if within and found is None else found
        elif within and found is not None and _ENTRY.match(line):
            found.append(_ENTRY.sub("", line).strip())
        elif within and found and line.startswith(" ") and line.strip():
            found[-1] += f" {line.strip()}"
    return found


def names(entry: str, broken: Finding) -> bool:
    """Return True if a changelog's entry says what breaks, and where, each between backticks.

    That may be `every operation`.
    """
    places = (f"`{broken.operation}`", EVERY_OPERATION)
    return f"`{broken.subject}`" in entry and any(place in entry for place in places)

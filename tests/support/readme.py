"""What the README says there is to set."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def documented_settings() -> set[str]:
    """Return the names in the first columns of the README's tables of settings."""
    text = README.read_text(encoding="utf-8")
    section = text.partition("\n## Settings\n")[2].partition("\n### ")[0]
    columns = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    quoted = {name for column in columns for name in re.findall(r"`([^`]+)`", column)}
    return {name for name in quoted if VARIABLE.fullmatch(name)}

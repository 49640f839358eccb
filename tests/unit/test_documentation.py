"""What the documents name is there, and what there is to set is named in the README."""

import ast
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.support.readme import README, documented_settings

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("[a-z]*/*.md")),
    *sorted(DECISIONS.glob("*.md")),
]
SETTINGS = ("aws", "local", "memory", "server", "test")

BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*\.(json|md|py|toml|txt|yaml|yml)")
FOLDER = re.compile(
    r"(accounts|cards|contract|docker|docs|examples|financial_api|infra_backends|notifications|outbox"
    r"|tests|transactions)(/[\w.-]+)+/?"
)

LISTING = """
import json, os, sys

asked = set()

class Recorder(dict):
    def get(self, name, default=None):
        asked.add(name)
        return super().get(name, default)

os.environ = Recorder(os.environ)
for module in sys.argv[1:]:
    __import__(f"financial_api.settings.{module}")
print(json.dumps(sorted(asked)))
"""
"""Loads settings modules and prints which variables they asked the environment for."""


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def prose_of(document: Path) -> str:
    """Return a document without its blocks of code."""
    return BLOCK.sub("", text_of(document))


def code_in(document: Path) -> Iterator[list[str]]:
    """Give the words of each piece of code: what is between backticks, and lines of blocks."""
    for quoted in re.findall(r"`([^`]+)`", prose_of(document)):
        yield quoted.split()
    for block in BLOCK.findall(text_of(document)):
        yield from (line.split() for line in block.splitlines()[1:-1])


def after(word: str, document: Path) -> set[str]:
    """Return the names that follow a word in a document's code."""
    followers = {b for words in code_in(document) for a, b in pairwise(words) if a.endswith(word)}
    return {name for name in followers if re.fullmatch(r"[a-z][a-z_-]*", name)}


def is_there(document: Path, name: str) -> bool:
    """Return whether the project has a file or folder; a bare name may be anywhere in it."""
    if (ROOT / name).exists() or (document.parent / name).exists():
        return True
    return "/" not in name and any(ROOT.glob(f"[a-z]*/**/{name}"))


def anchors_of(document: Path) -> set[str]:
    """Return what links may name of a document: its headings, as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.*)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def functions_in(path: str) -> set[str]:
    tree = ast.parse(text_of(ROOT / path))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@functools.cache
def asked_for() -> frozenset[str]:
    """Return the variables that any settings module asks the environment for."""
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *SETTINGS],
        cwd=ROOT,
        env=os.environ | {"SECRET_KEY": "not-to-be-made" * 3},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(json.loads(done.stdout))


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_file_and_folder_that_is_named_is_there(document: Path) -> None:
    words = {word.strip("().,:;") for words in code_in(document) for word in words}
    names = {word.partition("::")[0] for word in words}
    paths = {name for name in names if FILE.fullmatch(name) or FOLDER.fullmatch(name)}

    assert {path for path in paths if not is_there(document, path)} == set()


def test_every_test_that_is_named_is_there(document: Path) -> None:
    tests = set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", text_of(document)))

    assert {(path, name) for path, name in tests if name not in functions_in(path)} == set()


def test_no_link_within_the_project_is_dead(document: Path) -> None:
    dead = set()
    for link in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.add(link)

    assert dead == set()


def test_every_decision_is_in_their_index() -> None:
    pages = {page.name for page in DECISIONS.glob("*.md")} - {"README.md"}

    assert set(re.findall(r"\]\((\d[^)]*)\)", text_of(DECISIONS / "README.md"))) == pages


def test_every_target_of_make_that_is_named_is_there(document: Path) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), re.MULTILINE)

    assert after("make", document) - set(targets) == set()


def test_every_command_that_is_named_is_there(document: Path) -> None:
    assert after("manage.py", document) - set(get_commands()) == set()


def test_every_module_that_is_run_is_there(document: Path) -> None:
    runs = {b for words in code_in(document) for a, b in pairwise(words) if a == "-m"}
    ours = {name for name in runs if name.partition(".")[0] in ("contract", "examples", "tests")}

    assert {name for name in ours if find_spec(name) is None} == set()


def test_every_setting_from_the_environment_is_documented() -> None:
    words = {word for words in code_in(README) for word in words}

    assert asked_for() - {word.strip("().,:;") for word in words} == set()


def test_every_documented_setting_is_one() -> None:
    assert len(documented_settings()) > 40
    assert documented_settings() - asked_for() == set()


def test_the_guarantees_name_their_proof() -> None:
    section = text_of(README).partition("\n## Guarantees\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .* \| (.*) \|$", section, re.MULTILINE)[2:]

    assert len(rows) >= 15
    assert [row for row in rows if "`tests/" not in row] == []

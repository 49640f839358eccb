"""Each example runs where there is nothing but itself and the libraries it names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LOAD = """
import importlib, pkgutil, sys
example = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(example.__path__, f"{sys.argv[1]}."):
    importlib.import_module(module.name)
print(*{name.partition(".")[0] for name in sys.modules})
"""
"""Loads all of an example and prints what came with it."""


@pytest.fixture(params=["consumer", "walkthrough"])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An example that was copied away, under the name that it has here."""
    away = tmp_path / request.param
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "examples" / request.param, away, ignore=ignored)
    return away


def run(example: Path, *arguments: str) -> str:
    """Return what Python prints in the folder around an example, where no path leads back."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=example.parent,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_example_that_was_copied_away_runs(example: Path) -> None:
    assert f"usage: python -m {example.name} " in run(example, "-m", example.name, "--help")


def test_all_of_it_loads_without_the_service_and_what_only_the_service_needs(
    example: Path,
) -> None:
    loaded = set(run(example, "-c", LOAD, example.name).split())
    assert {example.name, "boto3"} <= loaded
    assert ("httpx" in loaded) == (example.name == "walkthrough")
    assert loaded & {"financial_api", "infra_backends", "django", "msgspec", "celery"} == set()

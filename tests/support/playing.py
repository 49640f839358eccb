"""The story of the contract, played as a client plays it: by a program of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.emulators import ROOT

PLAY_SECONDS = 120.0


def play(
    url: str, *options: str, tree: Path = ROOT, environment: Mapping[str, str] = os.environ
) -> None:
    """Play a tree's story against a server; fail unless all is as the contract says."""
    played = subprocess.run(
        [sys.executable, "-m", "examples.walkthrough", "--base-url", url, *options],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PLAY_SECONDS,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "all as the contract says" in played.stdout

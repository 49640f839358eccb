"""Python started anew, where a fork of the fork server would not do."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.support.fork_server import ROOT, RUN_SECONDS


def started(
    command: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run Python from the project's folder to its end, with nothing else in its environment."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )

"""The story of the contract, played against a server on AWS's services."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.emulators import Emulator
from tests.support.servers import ROOT, provisioned, running


@pytest.fixture(scope="module")
def environment(aws: Emulator) -> Iterator[dict[str, str]]:
    with provisioned(aws) as environment:
        yield environment


@pytest.mark.parametrize("casting", [[], ["--user-pool"]], ids=["mock tokens", "the user pool's"])
def test_all_is_as_the_contract_says(environment: dict[str, str], casting: list[str]) -> None:
    with running(environment, THROTTLE="off") as server:
        played = subprocess.run(
            [sys.executable, "-m", "examples.walkthrough", "--base-url", server.url, *casting],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "all as the contract says" in played.stdout

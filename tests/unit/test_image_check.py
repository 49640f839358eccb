"""`make image-check`, as far as it goes without a builder."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.pip_settings import CERTIFICATE, pip_secrets
from tests.support.image import ROOT


def test_without_a_builder_it_fails_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.image.check"]
    environment = os.environ | {"PATH": str(tmp_path)}

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "image-check: neither docker nor buildah can be used here\n"


def test_a_build_reaches_the_index_as_pip_does_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    given = tmp_path / "given.conf"
    given.write_text(
        "[global]\nindex-url = https://one.example/simple\ncert = /authorities.crt\n"
        "find-links = /wheels\nextra-index-url = file:///folder https://two.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(given))
    monkeypatch.setenv("PIP_INDEX_URL", "https://three.example/simple")

    secrets = pip_secrets(tmp_path)

    assert secrets == {"pip.crt": Path("/authorities.crt"), "pip.conf": tmp_path / "pip.conf"}
    written = configparser.RawConfigParser()
    written.read(secrets["pip.conf"])
    passed_on = dict(written["global"])
    assert "find-links" not in passed_on
    assert passed_on.items() >= {
        ("index-url", "https://three.example/simple"),
        ("extra-index-url", "https://two.example/simple"),
        ("cert", CERTIFICATE),
    }

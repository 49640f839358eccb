"""What a person is told while the locked packages are installed, and when they cannot be."""

import base64
import hashlib
import os
import socket
import subprocess
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest

from financial_api.kernel.ports import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "install.py"
PIPS_HOME = Path(pip.__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Place:
    """An environment that borrows pip, and a lock file."""

    folder: Path

    def install(self, lock: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        (self.folder / "some.txt").write_text(lock)
        usual = {name: os.environ[name] for name in os.environ if not name.startswith("PIP_")}
        pip_alone = self.folder / "pip-alone"
        pip_alone.mkdir(exist_ok=True)
        (pip_alone / "pip").symlink_to(PIPS_HOME / "pip")
        return subprocess.run(
            [self.folder / "env" / "bin" / "python", SCRIPT, "some.txt"],
            cwd=self.folder,
            env=usual | {"PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": str(pip_alone)} | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def log(self) -> str:
        return (self.folder / "env" / "install.log").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    venv.create(tmp_path / "env", with_pip=False)
    return Place(tmp_path)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with one package in it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    files = {
        "little.py": "",
        "little-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n",
        "little-1.0.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = "".join(f"{name},{digest(text)},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(folder / "little-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in (files | {"little-1.0.dist-info/RECORD": record}).items():
            wheel.writestr(name, text)
    return folder


def digest(text: str) -> str:
    hashed = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(hashed).decode().rstrip("=")


def locked(wheels: Path) -> str:
    [wheel] = wheels.iterdir()
    return f"little==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def test_each_step_is_told_in_a_line(place: Place, wheels: Path) -> None:
    ran = place.install(locked(wheels), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))

    first, *steps = ran.stdout.splitlines()
    assert first == "Installing 1 locked packages of some.txt into env …"
    assert [step.rpartition(" (")[0].strip() for step in steps] == [
        "fetched and compared with their hashes; unpacking",
        "done",
    ]
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Successfully installed little-1.0" in place.log


def test_without_a_network_a_sentence_says_so(place: Place) -> None:
    ran = place.install(
        "little==1.0 --hash=sha256:" + "0" * 64,
        PIP_INDEX_URL=f"http://127.0.0.1:{free_port()}/",
        PIP_RETRIES="1",
    )

    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "The packages could not be fetched: is there a network? "
        "PIP_INDEX_URL names another index, PIP_PROXY a proxy.",
        f"What pip said is in {Path('env', 'install.log')}.",
    ]
    assert len(ran.stdout.splitlines()) == 1
    assert "Connection refused" in place.log


def test_a_package_that_is_not_the_locked_one_is_named_as_such(place: Place, wheels: Path) -> None:
    another = "little==1.0 --hash=sha256:" + "0" * 64

    ran = place.install(another, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))

    assert ran.returncode == 1
    assert "not the one that some.txt locks" in ran.stderr
    assert "DO NOT MATCH" in place.log


def test_whatever_else_is_wrong_is_told_in_pips_last_words(place: Place, wheels: Path) -> None:
    ran = place.install(locked(wheels), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(place.folder))

    assert ran.returncode == 1
    assert "The packages could not be installed: No matching distribution" in ran.stderr


def test_an_index_that_stays_silent_is_given_up(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ran = place.install(
            "little==1.0 --hash=sha256:" + "0" * 64,
            PIP_INDEX_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/",
            PIP_DEFAULT_TIMEOUT="0.2",
            PIP_RETRIES="1",
        )

    assert ran.returncode == 1
    assert "is there a network?" in ran.stderr

"""The import rules of pyproject.toml forget no adapter, and no module that must not name one."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ROOT / "infra_backends"
ROOMS = sorted(contract.parent for contract in BACKENDS.glob("*/base.py"))
"""The packages of infra_backends that hold adapters: each has the contract they keep."""
OUTSIDE = {"contract", "examples"}
"""What imports nothing of the service at all."""
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def modules_in(folder: Path) -> set[str]:
    """Return the dotted names of the modules and packages right in a folder."""
    found = [*folder.glob("*.py"), *(init.parent for init in folder.glob("*/__init__.py"))]
    paths = [path.relative_to(ROOT).with_suffix("") for path in found if path.stem != "__init__"]
    return {".".join(path.parts) for path in paths}


def is_adapter(module: str) -> bool:
    """Return True for a module, or a package, that offers a `Backend`."""
    path = ROOT.joinpath(*module.split("."))
    sources = [path.with_suffix(".py"), path / "__init__.py", path / "backend.py"]
    return any("class Backend" in one.read_text() for one in sources if one.exists())


def adapters_in(room: Path) -> set[str]:
    return {module for module in modules_in(room) if is_adapter(module)}


def rule(name: str) -> dict[str, Any]:
    (found,) = (one for one in LINTER["contracts"] if one["name"] == name)
    return found


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_of_adapters_has_some(room: Path) -> None:
    assert adapters_in(room)


def test_every_adapter_is_one_that_nothing_may_name() -> None:
    adapters = set().union(*map(adapters_in, ROOMS))
    assert set(rule("Nothing but settings names an adapter")["forbidden_modules"]) == adapters


def test_everything_that_is_no_adapter_is_kept_from_naming_one() -> None:
    rooms = {f"infra_backends.{room.name}" for room in ROOMS}
    beside = set().union(*(modules_in(room) - adapters_in(room) for room in ROOMS))
    others = set(LINTER["root_packages"]) - {"infra_backends", *OUTSIDE}
    wanted = others | (modules_in(BACKENDS) - rooms) | beside
    assert set(rule("Nothing but settings names an adapter")["source_modules"]) == wanted


def test_no_persistence_backend_may_lean_on_another() -> None:
    rooms = adapters_in(BACKENDS / "persistence")
    assert set(rule("One backend does not lean on another")["modules"]) == rooms


def test_every_package_is_linted() -> None:
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == set(LINTER["root_packages"])

"""What a deployment installs is all that the service loads."""

import json
import re
from importlib.metadata import packages_distributions

import pytest

from tests.support.fork_server import ROOT
from tests.support.interpreters import started

LOCK = ROOT / "requirements" / "run.txt"

LOAD_ALL = """
import importlib, json, pkgutil, sys

absent = set(json.loads(sys.argv[1]))

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())

import django
django.setup()
for package in sys.argv[2:]:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{package}."):
        if not (".settings." in found.name or found.name.endswith((".wsgi", ".rsgi", ".__main__"))):
            importlib.import_module(found.name)
"""
"""Imports packages where some top-level modules are not installed.

`.wsgi`, and with it `.rsgi`, starts a relay.
"""

OWN = ("accounts", "cards", "financial_api", "notifications", "outbox", "transactions")
ADAPTERS = "infra_backends"  # among them the ORM's, which must not be loaded on AWS
BROKERS = ("kombu.transport.pyamqp", "kombu.transport.redis", "kombu.transport.SQS")


def not_deployed() -> list[str]:
    """Return the top-level modules that are here for tests alone."""
    deployed = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", LOCK.read_text(), re.MULTILINE))
    names = {
        module: {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
        for module, distributions in packages_distributions().items()
    }
    return sorted(module for module, owners in names.items() if not owners & deployed)


@pytest.mark.parametrize("settings", ["aws", "server"])
def test_the_service_and_its_brokers_load_with_what_is_deployed(
    settings: str, bare: dict[str, str]
) -> None:
    absent = not_deployed()
    assert {"pytest", "moto", "hypothesis"} <= set(absent)
    assert not {"django", "kombu", "redis", "packaging"} & set(absent)

    packages = (*OWN, ADAPTERS) if settings == "server" else OWN
    environment = bare | {"DJANGO_SETTINGS_MODULE": f"financial_api.settings.{settings}"}
    ran = started(("-c", LOAD_ALL, json.dumps(absent), *packages, *BROKERS), environment)

    assert ran.returncode == 0, ran.stderr

"""How the tests of a run are shared out among its processes."""

from collections.abc import Callable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.progress import folder_of
from tests.support.stores import BACKENDS, MORE_ENGINES

NAMES = [entry.name for entry in [*BACKENDS, *MORE_ENGINES]]
ON_AWS = ["dynamodb", *(entry.name for entry in MORE_ENGINES)]

LONGEST = [
    "tests/aws/test_worker_kills.py",
    "tests/aws/test_permissions.py",
    "tests/faults/test_state_machine.py",
    "tests/aws/test_workers.py",
    "tests/faults",
    "tests/security/test_stops.py",
    "tests/aws/test_make_aws.py",
    "tests/aws/test_outages.py",
    "tests/security/test_slow_bodies.py",
    "tests/aws/test_readiness.py",
    "tests/fuzz",
    "tests/upgrade",
    "tests/aws/test_worker_outages.py",
    "tests/aws/test_provisioning.py",
    "tests/contract",
    "tests/backends",
]
"""What begins first, so that no process is at work long after the others."""


def backend_of(nodeid: str) -> str | None:
    """Return the backend that a test runs over, by its name among the test's parameters."""
    parameters = nodeid.partition("[")[2].removesuffix("]").split("-")
    return next((name for name in parameters if name in NAMES), None)


class ByBackend(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Has one process run all that a suite tests over one backend, so each server starts once.

    What needs no backend is shared out by module, with what its fixtures start. The state machine
    is as long as all else of its suite, and needs none of its servers. xdist's own groups are lost
    with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        backend = backend_of(nodeid)
        if "test_state_machine" in nodeid:
            return nodeid
        if backend is None:
            return nodeid.partition("::")[0]
        return f"{folder_of(nodeid)} over {backend}"


def place_of(nodeid: str) -> tuple[int, int]:
    """Return what tests are sorted by: how long their suite takes, and over what."""
    suites = (place for place, name in enumerate(LONGEST) if nodeid.startswith(name))
    backend = backend_of(nodeid)
    return next(suites, len(LONGEST)), -NAMES.index(backend) if backend else 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Any:
    for item in items:
        if item.nodeid.startswith("tests/aws/") or backend_of(item.nodeid) in ON_AWS:
            item.add_marker("aws")
    result = yield
    items.sort(key=lambda item: place_of(item.nodeid))
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., None]) -> Any:
    return ByBackend(config, log)

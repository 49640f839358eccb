"""Two versions of the service on one store: the one that a release upgrades from, and this one."""

import contextlib
import io
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from pytest_django.plugin import DjangoDbBlocker

from financial_api.settings.embedded import orm_database
from infra_backends import persistence
from infra_backends.persistence import dynamodb
from infra_backends.persistence.base import PersistenceBackend
from tests.support.databases import DatabaseStore
from tests.support.emulators import REGION
from tests.support.newer import NewerItems
from tests.support.servers import ROOT, Environment
from tests.support.store import LEFT_OUT, LeftOut, Newer
from tests.support.stores import BackendUnderTest

BASE = Path(__file__).with_name("BASE")
"""Names the commit that a release upgrades from."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A store that several processes share, as this process and a newer version reach it."""

    environment: Environment
    backend: PersistenceBackend
    newer: Newer


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of that commit."""
    revision = BASE.read_text().strip()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"{LEFT_OUT}: upgrades, since there is no history with {revision} here")
    tree = tmp_path_factory.mktemp("base")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as archived:
        archived.extractall(tree, filter="data")
    return tree


@pytest.fixture
def shared(entry: BackendUnderTest, django_db_blocker: DjangoDbBlocker) -> Iterator[Shared]:
    """A store of the test's own, as this version would bring it up to date."""
    with contextlib.ExitStack() as opened:
        opened.enter_context(django_db_blocker.unblock())
        try:
            environment = opened.enter_context(entry.environment())
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: {entry.name}, since {reason}")
        reached = _in_dynamodb if "AWS_ENDPOINT_URL" in environment else _in_database
        backend, newer = opened.enter_context(reached(environment))
        opened.enter_context(persistence.use(backend))
        yield Shared(environment, backend, newer)


@contextlib.contextmanager
def _in_dynamodb(environment: Environment) -> Iterator[tuple[PersistenceBackend, Newer]]:
    prefix = environment["AWS_PREFIX"]
    url = environment.get("AWS_ENDPOINT_URL_DYNAMODB", environment["AWS_ENDPOINT_URL"])
    client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION)
    with (
        contextlib.closing(client),
        contextlib.closing(
            dynamodb.Backend(region=REGION, prefix=prefix, endpoint_url=url)
        ) as backend,
    ):
        yield backend, NewerItems(client, prefix)


@contextlib.contextmanager
def _in_database(environment: Environment) -> Iterator[tuple[PersistenceBackend, Newer]]:
    file = Path(environment["DATA_DIR"], "financial_api.sqlite3")
    url = environment.get("DATABASE_URL", f"sqlite:///{file}")
    with (
        contextlib.closing(DatabaseStore(orm_database(url))) as store,
        store.as_it_is() as backend,
    ):
        yield backend, store.newer()

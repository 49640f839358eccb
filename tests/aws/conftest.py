"""Runs the tests of this folder on an emulator of AWS, one for each process or the one named."""

import contextlib
from collections.abc import Iterator

import pytest

from infra_backends import persistence
from infra_backends.persistence.dynamodb import Backend as DynamoDB
from tests.support.dynamodb import DynamoDBStore
from tests.support.emulators import SERVICES, Emulator, emulator
from tests.support.store import LEFT_OUT, LeftOut


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    """The emulator, shared by the tests of this process, so each makes what it uses.

    Backends take its URL as an option: it is not in the environment.
    """
    opening = emulator()
    try:
        aws = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the AWS emulator, since {reason}")
    yield aws
    opening.__exit__(None, None, None)


@pytest.fixture
def stacks(aws: Emulator) -> None:
    """For what CloudFormation makes, which it does where it is itself."""
    require_one(aws, *SERVICES)


@pytest.fixture
def delivering(aws: Emulator) -> None:
    """For what a bus hands on to a queue."""
    require_one(aws, "events", "sqs")


def require_one(aws: Emulator, *services: str) -> None:
    if len({aws.url_of(service) for service in services}) > 1:
        pytest.skip(f"{', '.join(services)} are not on one emulator")


@pytest.fixture(scope="session")
def tables(aws: Emulator) -> Iterator[DynamoDBStore]:
    """Tables for the tests of this process, empty for each."""
    with contextlib.closing(DynamoDBStore(aws.url_of("dynamodb"))) as store:
        yield store


@pytest.fixture
def dynamodb(tables: DynamoDBStore) -> Iterator[DynamoDB]:
    """The DynamoDB backend over empty tables, which services reach through their handle as well."""
    with tables.serving() as backend, persistence.use(backend):
        yield backend

"""Runs the tests of this folder against an emulator of AWS, one for each process that tests."""

import contextlib
from collections.abc import Iterator

import pytest

from infra_backends import persistence
from infra_backends.persistence.dynamodb import Backend as DynamoDB
from tests.support.dynamodb import DynamoDBStore
from tests.support.emulators import Emulator, ministack
from tests.support.store import LEFT_OUT, LeftOut


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    """The emulator, shared by the tests of this process, so each makes what it uses.

    Backends take its URL as an option: it is not in the environment.
    """
    opening = ministack()
    try:
        emulator = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the AWS emulator, since {reason}")
    yield emulator
    opening.__exit__(None, None, None)


@pytest.fixture(scope="session")
def tables(aws: Emulator) -> Iterator[DynamoDBStore]:
    """Tables for the tests of this process, empty for each."""
    with contextlib.closing(DynamoDBStore(aws.url)) as store:
        yield store


@pytest.fixture
def dynamodb(tables: DynamoDBStore) -> Iterator[DynamoDB]:
    """The DynamoDB backend over empty tables, which services reach through their handle as well."""
    with tables.serving() as backend, persistence.use(backend):
        yield backend

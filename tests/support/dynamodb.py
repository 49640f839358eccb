"""DynamoDB for the tests, on whatever engine speaks its protocol."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import boto3

from infra_backends.aws.tables import TABLES, USERS
from infra_backends.persistence import dynamodb
from infra_backends.persistence.base import PersistenceBackend
from tests.support.aws_requests import operation_of, watched
from tests.support.emulators import REGION, Emulator, new_name
from tests.support.newer import NewerItems
from tests.support.store import Newer, Store

MOST_IN_A_BATCH = 25
WRITES = {"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"}


class DynamoDBStore(Store):
    """Tables of its own, under a prefix that no other test has."""

    def __init__(self, url: str, *, boto3_client: bool = False) -> None:
        self._prefix = new_name("-")
        self._client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION)
        self._backend = dynamodb.Backend(
            region=REGION, prefix=self._prefix, endpoint_url=url, boto3_client=boto3_client
        )
        self._names = [self._prefix + table.name for table in TABLES]
        self._written: set[str] = set()
        for table in TABLES:
            self._client.create_table(**table.describe(self._prefix))
        for table in TABLES:
            waiter = self._client.get_waiter("table_exists")
            waiter.wait(TableName=self._prefix + table.name)

    @functools.cached_property
    def remembers_tokens(self) -> bool:
        """Whether a transaction that is sent twice under a token has one effect, as on AWS."""
        name, key = self._prefix + USERS.name, {"ecosystemId": {"S": "a-user"}}
        condition = "attribute_not_exists(ecosystemId)"
        put = {"Put": {"TableName": name, "Item": key, "ConditionExpression": condition}}
        try:
            for _ in range(2):
                self._client.transact_write_items(TransactItems=[put], ClientRequestToken=name)
        except self._client.exceptions.TransactionCanceledException:
            return False
        finally:
            self._client.delete_item(TableName=name, Key=key)
        return True

    @contextlib.contextmanager
    def serving(self) -> Iterator[PersistenceBackend]:
        for table in TABLES:
            if self._prefix + table.name in self._written:
                self._empty(self._prefix + table.name, table.key)
        self._written.clear()
        with watched(self._note):
            yield self._backend

    def newer(self) -> Newer:
        return NewerItems(self._client, self._prefix)

    def close(self) -> None:
        for table in TABLES:
            self._client.delete_table(TableName=self._prefix + table.name)
        self._backend.close()
        self._client.close()

    def _note(self, request: Any) -> None:
        """Note the tables that a request writes to, since to look at each takes long."""
        if operation_of(request) in WRITES:
            body = request.body.decode()
            self._written |= {name for name in self._names if f'"{name}"' in body}

    def _empty(self, name: str, key: tuple[str, ...]) -> None:
        for page in self._client.get_paginator("scan").paginate(TableName=name):
            keys = [{attribute: item[attribute] for attribute in key} for item in page["Items"]]
            for start in range(0, len(keys), MOST_IN_A_BATCH):
                deletes = [
                    {"DeleteRequest": {"Key": key}} for key in keys[start : start + MOST_IN_A_BATCH]
                ]
                self._client.batch_write_item(RequestItems={name: deletes})


def dynamodb_store(
    engine: Callable[[], AbstractContextManager[Emulator]], *, boto3_client: bool = False
) -> Callable[[], AbstractContextManager[Store]]:
    """Return what opens a store on an engine that it starts."""

    @contextlib.contextmanager
    def opened() -> Iterator[Store]:
        with (
            engine() as emulator,
            contextlib.closing(
                DynamoDBStore(emulator.url_of("dynamodb"), boto3_client=boto3_client)
            ) as store,
        ):
            yield store

    return opened

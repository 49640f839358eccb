"""The batch read, the commit and the purge."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from financial_api.kernel.cleanup import CleanupKey, CleanupState, DeletedCounts
from financial_api.kernel.keys import Key, Reading
from infra_backends.aws.names import A_PREFIX, PREFIX
from infra_backends.aws.service import Service
from infra_backends.exceptions import BackendUnavailable
from infra_backends.failures import Failure
from infra_backends.persistence.base import PersistenceBackend
from infra_backends.persistence.commit import Commit
from infra_backends.persistence.dynamodb.client import DynamoDBClient
from infra_backends.persistence.dynamodb.items import Item
from infra_backends.persistence.dynamodb.kinds import KINDS
from infra_backends.persistence.dynamodb.purging import Purger
from infra_backends.persistence.dynamodb.repositories import (
    AuditLogs,
    CardRequests,
    Cards,
    Idempotency,
    InboundMessages,
    Notifications,
    Outbox,
    PendingApprovals,
    Transactions,
    Users,
)
from infra_backends.persistence.dynamodb.store import Store
from infra_backends.persistence.dynamodb.writes import changes


class Backend(PersistenceBackend):
    """DynamoDB in a region, or at an endpoint that speaks its protocol.

    `prefix`: what the tables' names begin with. `outbox_shards`: of the pending index.
    `connections`: how many threads may call at once without waiting for each other.
    `boto3_client`: call through boto3's own client, which costs twice the CPU.
    """

    def __init__(
        self,
        *,
        region: str,
        prefix: str = "acme-",
        outbox_shards: int = 8,
        connections: int = 64,
        endpoint_url: str | None = None,
        boto3_client: bool = False,
    ) -> None:
        self._prefix = prefix
        self._service = Service(
            "dynamodb",
            region=region,
            endpoint_url=endpoint_url,
            connections=connections,
            calling=None if boto3_client else DynamoDBClient,
        )
        self._store = Store(self._service, prefix)
        self._purger = Purger(self._store)
        self.users = Users(self._store)
        self.cards = Cards(self._store)
        self.card_requests = CardRequests(self._store)
        self.transactions = Transactions(self._store)
        self.idempotency = Idempotency(self._store)
        self.outbox = Outbox(self._store, outbox_shards)
        self.audit_logs = AuditLogs(self._store)
        self.notifications = Notifications(self._store)
        self.inbound_messages = InboundMessages(self._store)
        self.pending_approvals = PendingApprovals(self._store)

    def check(self) -> Sequence[CheckMessage]:
        if re.fullmatch(PREFIX, self._prefix):
            return ()
        return [
            checks.Error(
                f"{self.setting}['OPTIONS']['PREFIX'] is {self._prefix!r}; valid is {A_PREFIX}.",
                id="infra_backends.E004",
            )
        ]

    def read(self, keys: Sequence[Key[Any]]) -> Reading:
        found: dict[Key[Any], Any] = dict.fromkeys(keys)
        asked: dict[tuple[str, ...], Key[Any]] = {}
        wanted: dict[str, list[Item]] = defaultdict(list)
        for key in found:
            kind = KINDS[type(key)]
            if kind.may_exist(key):
                name = self._store.name_of(kind.table)
                wanted[name].append(kind.key_item(key))
                asked[name, *kind.key(key)] = key
        for name, items in self._store.read(wanted).items():
            for item in items:
                place = (name, *(item[attribute]["S"] for attribute in wanted[name][0]))
                if place not in asked:
                    raise BackendUnavailable("dynamodb: nobody asked for that", Failure.UNKNOWN)
                key = asked[place]
                found[key] = KINDS[type(key)].items.from_item(item)
        return Reading(found)

    def commit(self, commit: Commit) -> None:
        items = changes(self._store, commit)
        if items:
            self._store.write(items)

    def purge(self, limit: int, during: CleanupState | None = None) -> DeletedCounts:
        return self._purger.purge(limit, during)

    def ping(self) -> None:
        self.read([CleanupKey()])

    def missing(self) -> Sequence[str]:
        return self._service.missing()

    def close(self) -> None:
        self._service.close()

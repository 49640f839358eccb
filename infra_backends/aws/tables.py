"""The DynamoDB tables: keys, indexes and expiry. This is the only place they are written down.

An index whose partition key would take few values is sharded when it is written (`pending#3`),
so that no single partition takes every write; who reads it asks each shard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Projection(StrEnum):
    """What of an item an index holds besides the keys."""

    ALL = "ALL"
    KEYS_ONLY = "KEYS_ONLY"
    SOME = "INCLUDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A secondary index; `local` ones are as consistent as the table. `some` is what SOME holds."""

    name: str
    partition: str
    sort: str | None = None
    projection: Projection = Projection.ALL
    some: tuple[str, ...] = ()
    local: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def describe(self) -> dict[str, Any]:
        """Return the index as CreateTable, UpdateTable and CloudFormation name it."""
        projection: dict[str, Any] = {"ProjectionType": self.projection.value}
        if self.some:
            projection["NonKeyAttributes"] = list(self.some)
        return {
            "IndexName": self.name,
            "KeySchema": key_schema(self.key),
            "Projection": projection,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, on demand. `name` has no prefix; every key is text. `expiry` is its TTL's attribute.

    Indexes are made with the table; a global one that is added here later is added to it.
    """

    name: str
    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = ()
    expiry: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    @property
    def local_indexes(self) -> tuple[Index, ...]:
        return tuple(index for index in self.indexes if index.local)

    @property
    def global_indexes(self) -> tuple[Index, ...]:
        return tuple(index for index in self.indexes if not index.local)

    def index(self, name: str) -> Index:
        return next(index for index in self.indexes if index.name == name)

    def describe(self, prefix: str) -> dict[str, Any]:
        """Return the table as CreateTable and CloudFormation name it, without its TTL."""
        attributes = dict.fromkeys([*self.key, *(a for i in self.indexes for a in i.key)])
        described: dict[str, Any] = {
            "TableName": prefix + self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in attributes
            ],
            "KeySchema": key_schema(self.key),
        }
        if self.local_indexes:
            described["LocalSecondaryIndexes"] = [i.describe() for i in self.local_indexes]
        if self.global_indexes:
            described["GlobalSecondaryIndexes"] = [i.describe() for i in self.global_indexes]
        return described


def key_schema(key: tuple[str, ...]) -> list[Mapping[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]


USERS = Table(
    name="users",
    partition="ecosystemId",
    indexes=(
        Index(name="UserByFirebaseUid", partition="firebaseUid", projection=Projection.KEYS_ONLY),
    ),
)
SCORES = Table(name="scores", partition="ecosystemId", sort="timestampScoreId")
CARDS = Table(name="cards", partition="ecosystemId", sort="cardId")
CARD_REQUESTS = Table(
    name="card-requests",
    partition="ecosystemId",
    sort="requestId",
    indexes=(
        Index(name="RequestsByTime", partition="listShard", sort="requestId"),
        Index(name="RequestsByStatus", partition="statusShard", sort="requestId"),
        Index(name="RequestById", partition="requestId", projection=Projection.KEYS_ONLY),
        Index(
            name="RequestsByShortCode",
            partition="shortCode",
            sort="requestId",
            projection=Projection.KEYS_ONLY,
        ),
    ),
)
TRANSACTIONS = Table(
    name="transactions",
    partition="ecosystemIdCardId",
    sort="transactionId",
    indexes=(
        Index(
            name="TransactionsByType",
            partition="ecosystemIdCardId",
            sort="typeTransactionId",
            local=True,
        ),
    ),
)
IDEMPOTENCY = Table(
    name="idempotency",
    partition="ecosystemId",
    sort="keyHash",
    expiry="expiresAtEpochSeconds",
)
OUTBOX = Table(
    name="outbox",
    partition="eventId",
    indexes=(
        Index(
            name="PendingEvents",
            partition="pendingShard",
            sort="dueAt",
            projection=Projection.SOME,
            some=("previousEventId", "nextRetryAt", "createdAt"),
        ),
        Index(name="EventsByTime", partition="listShard", sort="eventId"),
        Index(name="EventsByStatus", partition="statusShard", sort="eventId"),
        Index(name="EventsByEntity", partition="entityKey", sort="eventId"),
    ),
    expiry="expiresAtEpochSeconds",
)
OUTBOX_SEQUENCES = Table(name="outbox-sequences", partition="sequenceId")
AUDIT_LOGS = Table(
    name="audit-logs",
    partition="targetKey",
    sort="timestampLogId",
    indexes=(Index(name="AuditLogsByActor", partition="adminEcosystemId", sort="timestampLogId"),),
)
WHATSAPP_NOTIFICATIONS = Table(
    name="whatsapp-notifications",
    partition="notificationId",
    indexes=(
        Index(name="NotificationsByEntity", partition="relatedEntityKey", sort="createdAt"),
        Index(name="NotificationsByDelivery", partition="deliveryShard", sort="nextRetryAt"),
    ),
)
WHATSAPP_INBOUND = Table(
    name="whatsapp-inbound",
    partition="messageId",
    indexes=(Index(name="MessagesBySender", partition="senderPhone", sort="receivedAt"),),
)
PENDING_APPROVALS = Table(
    name="pending-approvals",
    partition="requestId",
    indexes=(Index(name="ApprovalsByExpiry", partition="statusShard", sort="expiresAt"),),
)

TABLES = (
    USERS,
    SCORES,
    CARDS,
    CARD_REQUESTS,
    TRANSACTIONS,
    IDEMPOTENCY,
    OUTBOX,
    OUTBOX_SEQUENCES,
    AUDIT_LOGS,
    WHATSAPP_NOTIFICATIONS,
    WHATSAPP_INBOUND,
    PENDING_APPROVALS,
)

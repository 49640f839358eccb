"""The tables of every kind of thing that is stored, in the order in which a commit writes them.

The order is the same in every commit, so that two of them never wait for each other.
"""

from typing import Any

from accounts import entities as accounts
from accounts.audit import AuditLog
from cards import entities as cards
from financial_api.kernel.cleanup import CleanupKey, CleanupState
from financial_api.kernel.idempotency import IdempotencyKey, IdempotencyRecord
from infra_backends.persistence.orm import models
from infra_backends.persistence.orm.rows import Part, RowMapping
from infra_backends.persistence.orm.tables import Table
from notifications import entities as notifications
from outbox import entities as outbox
from transactions import entities as transactions

USERS = Table(
    models.User,
    RowMapping(
        accounts.User,
        card_summary=Part(
            accounts.CardTotals,
            {
                "active_cards": "active_cards",
                "total_balance": "total_balance",
                "total_limit": "total_limit",
            },
        ),
        pending_request=Part(
            accounts.PendingRequest,
            {
                "request_id": "pending_request_id",
                "product_id": "pending_product_id",
                "created_at": "pending_since",
            },
        ),
    ),
    "ecosystem_id",
    there="NOT deleted",
    gives_way="deleted",
)
CARDS = Table(models.Card, RowMapping(cards.Card), "card_id", "ecosystem_id")
CARD_REQUESTS = Table(
    models.CardRequest,
    RowMapping(
        cards.CardRequest,
        decision=Part(
            cards.Decision,
            {
                "outcome": "outcome",
                "source": "decided_by",
                "approved_limit": "approved_limit",
                "reason": "decision_reason",
            },
        ),
    ),
    "request_id",
    "ecosystem_id",
)
CLEANUP_STATES = Table(models.CleanupState, RowMapping(CleanupState))
LEASES = Table(models.Lease, RowMapping(outbox.Lease), "shard")
SEQUENCES = Table(
    models.EntitySequence,
    RowMapping(outbox.EntitySequence),
    "entity_id",
    "entity_type",
    guard="last_number",
    gives_way="last_number = 0",
)
EVENTS = Table(models.Event, RowMapping(outbox.Event), "event_id")
NOTIFICATIONS = Table(
    models.Notification, RowMapping(notifications.Notification), "notification_id"
)
PENDING_APPROVALS = Table(
    models.PendingApproval, RowMapping(notifications.PendingApproval), "request_id"
)
TRANSACTIONS = Table(
    models.Transaction,
    RowMapping(
        transactions.Transaction,
        score_impact=Part(
            transactions.ScoreImpact,
            {
                "previous_score": "previous_score",
                "new_score": "new_score",
                "delta": "score_delta",
                "reason": "score_reason",
            },
        ),
    ),
    "card_id",
    "transaction_id",
)
SCORE_RECORDS = Table(models.ScoreRecord, RowMapping(accounts.ScoreRecord), "score_id")
AUDIT_LOGS = Table(models.AuditLog, RowMapping(AuditLog), "log_id")
INBOUND_MESSAGES = Table(
    models.InboundMessage, RowMapping(notifications.InboundMessage), "message_id"
)
IDEMPOTENCY_RECORDS = Table(
    models.IdempotencyRecord,
    RowMapping(IdempotencyRecord),
    "ecosystem_id",
    "key_hash",
    gives_way="expires_at <= %s",
)

TABLES: dict[type, Table[Any]] = {
    accounts.User: USERS,
    cards.Card: CARDS,
    cards.CardRequest: CARD_REQUESTS,
    CleanupState: CLEANUP_STATES,
    outbox.Lease: LEASES,
    outbox.EntitySequence: SEQUENCES,
    outbox.Event: EVENTS,
    notifications.Notification: NOTIFICATIONS,
    notifications.PendingApproval: PENDING_APPROVALS,
    transactions.Transaction: TRANSACTIONS,
    accounts.ScoreRecord: SCORE_RECORDS,
    AuditLog: AUDIT_LOGS,
    notifications.InboundMessage: INBOUND_MESSAGES,
    IdempotencyRecord: IDEMPOTENCY_RECORDS,
}

KEYS: dict[type, Table[Any]] = {
    accounts.UserKey: USERS,
    cards.CardKey: CARDS,
    cards.CardRequestKey: CARD_REQUESTS,
    CleanupKey: CLEANUP_STATES,
    outbox.LeaseKey: LEASES,
    outbox.SequenceKey: SEQUENCES,
    outbox.EventKey: EVENTS,
    notifications.NotificationKey: NOTIFICATIONS,
    notifications.PendingApprovalKey: PENDING_APPROVALS,
    notifications.InboundMessageKey: INBOUND_MESSAGES,
    IdempotencyKey: IDEMPOTENCY_RECORDS,
}
"""Which table a key leads to."""

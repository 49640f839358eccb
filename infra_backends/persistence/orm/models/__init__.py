"""The tables. A column is named as the entity's attribute, so `ecosystem` leads to a user.

Free text has no length here: what is too long is for the edge to say.
"""

from infra_backends.persistence.orm.models.accounts import AuditLog, ScoreRecord, User
from infra_backends.persistence.orm.models.cards import Card, CardRequest, Transaction
from infra_backends.persistence.orm.models.notifications import (
    InboundMessage,
    Notification,
    PendingApproval,
)
from infra_backends.persistence.orm.models.outbox import (
    CLEANUP_ID,
    CleanupState,
    EntitySequence,
    Event,
    IdempotencyRecord,
    Lease,
)

__all__ = [
    "CLEANUP_ID",
    "AuditLog",
    "Card",
    "CardRequest",
    "CleanupState",
    "EntitySequence",
    "Event",
    "IdempotencyRecord",
    "InboundMessage",
    "Lease",
    "Notification",
    "PendingApproval",
    "ScoreRecord",
    "Transaction",
    "User",
]

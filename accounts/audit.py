"""The audit log: who did what to whom, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class AuditAction(StrEnum):
    SCORE_ADJUSTED = "score.adjusted"
    CARD_REQUEST_APPROVED = "card_request.approved"
    CARD_REQUEST_REJECTED = "card_request.rejected"
    CARD_SUSPENDED = "card.suspended"
    CARD_REACTIVATED = "card.reactivated"
    CARD_CANCELLED = "card.cancelled"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    SYSTEM_CLEANUP = "system.cleanup"
    OUTBOX_REDRIVEN = "outbox.redriven"


class TargetType(StrEnum):
    USER = "user"
    CARD = "card"
    CARD_REQUEST = "cardRequest"
    EVENT = "event"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """One admin action, written in the commit of what it did and kept for seven years."""

    log_id: str
    admin_ecosystem_id: str
    admin_email: str
    action: AuditAction
    target_type: TargetType
    target_id: str
    target_ecosystem_id: str | None = None
    previous_value: Mapping[str, Any] | None = None
    new_value: Mapping[str, Any] | None = None
    reason: str
    request_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    timestamp: datetime

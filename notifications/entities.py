"""WhatsApp messages to admins and from them, and the trackers of what waits for an answer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from financial_api.kernel.keys import Key, Stored
from outbox.entities import EntityType


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Waiting for a retry."""
    DEAD_LETTER = "dead_letter"


UNDELIVERED = frozenset({DeliveryStatus.PENDING, DeliveryStatus.FAILED})


class NotificationKind(StrEnum):
    APPROVAL_REQUEST = "approval_request"
    """Asks an admin to decide a card request."""
    PAYMENT = "payment"
    """Tells an admin of a payment."""


@dataclass(frozen=True, slots=True)
class NotificationKey(Key["Notification"]):
    notification_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(Stored):
    """A message to one admin's phone (13 digits), and how far its delivery has come."""

    notification_id: str
    kind: NotificationKind
    phone: str
    text: str
    event_id: str
    related_entity_type: EntityType
    related_entity_id: str
    delivery_status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    last_error: str | None = None
    next_retry_at: datetime
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    version: int = 0

    @property
    def key(self) -> NotificationKey:
        return NotificationKey(self.notification_id)

    @property
    def is_undelivered(self) -> bool:
        return self.delivery_status in UNDELIVERED


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PendingApprovalKey(Key["PendingApproval"]):
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingApproval(Stored):
    """A card request that admins were asked about. The request's own status decides, not this."""

    request_id: str
    ecosystem_id: str
    notification_ids: tuple[str, ...]
    approval_status: ApprovalStatus = ApprovalStatus.PENDING
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def key(self) -> PendingApprovalKey:
        return PendingApprovalKey(self.request_id)


class InboundAction(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    IGNORED = "ignored"
    ERROR = "error"


class IgnoredReason(StrEnum):
    NON_MESSAGE_EVENT = "non_message_event"
    FROM_SELF = "from_self"
    GROUP_MESSAGE = "group_message"
    NOT_WHITELISTED = "not_whitelisted"
    INVALID_COMMAND = "invalid_command"
    REQUEST_NOT_FOUND = "request_not_found"
    ALREADY_PROCESSED = "already_processed"


@dataclass(frozen=True, slots=True)
class InboundMessageKey(Key["InboundMessage"]):
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A message that the gateway delivered, and what became of it; never changed afterwards.

    `message_id` is made of the session and the gateway's own id. `sender_phone` has 13 digits,
    and is None for a sender that is no Brazilian mobile.
    """

    message_id: str
    sender_phone: str | None = None
    text: str
    action: InboundAction
    reason: IgnoredReason | None = None
    request_id: str | None = None
    error: str | None = None
    received_at: datetime

    @property
    def key(self) -> InboundMessageKey:
        return InboundMessageKey(self.message_id)

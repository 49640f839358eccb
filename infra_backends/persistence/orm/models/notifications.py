"""WhatsApp messages to admins and from them, and trackers of the requests they were asked about.

None of them refers to another row: each may be stored after what it is about was cleaned up.
"""

# ruff: noqa: DJ001, DJ008
# An entity tells a missing text from an empty one; rows are never shown.

from django.db import models
from django.db.models import Index, Q

from infra_backends.persistence.orm.fields import (
    ECOSYSTEM_ID_LENGTH,
    EnumField,
    IdField,
    NamesField,
)
from infra_backends.persistence.orm.models.constraints import check, one_of, stored_version
from notifications import entities
from outbox.entities import EntityType

PHONE_LENGTH = 13


class Notification(models.Model):
    notification_id = models.TextField(primary_key=True)
    kind = EnumField(entities.NotificationKind)
    phone = models.CharField(max_length=PHONE_LENGTH)
    text = models.TextField()
    event_id = IdField()
    related_entity_type = EnumField(EntityType)
    related_entity_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    delivery_status = EnumField(entities.DeliveryStatus)
    attempts = models.IntegerField()
    last_error = models.TextField(null=True)
    next_retry_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    version = models.IntegerField()

    class Meta:
        db_table = "notifications"
        indexes = (
            Index(
                fields=["next_retry_at", "notification_id"],
                condition=Q(delivery_status__in=sorted(map(str, entities.UNDELIVERED))),
                name="notifications_undelivered",
            ),
            Index(
                fields=["delivery_status", "next_retry_at", "notification_id"],
                name="notifications_by_status",
            ),
            Index(
                fields=[
                    "related_entity_type",
                    "related_entity_id",
                    "created_at",
                    "notification_id",
                ],
                name="notifications_of_entity",
            ),
        )
        constraints = (
            one_of("notifications_kind", "kind", entities.NotificationKind),
            one_of("notifications_entity_type", "related_entity_type", EntityType),
            one_of("notifications_status", "delivery_status", entities.DeliveryStatus),
            check("notifications_attempts", Q(attempts__gte=0)),
            check(
                "notifications_sent",
                Q(delivery_status=str(entities.DeliveryStatus.SENT), sent_at__isnull=False)
                | ~Q(delivery_status=str(entities.DeliveryStatus.SENT)) & Q(sent_at__isnull=True),
            ),
            stored_version("notifications_version"),
        )


class PendingApproval(models.Model):
    request_id = IdField(primary_key=True)
    ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    notification_ids = NamesField()
    approval_status = EnumField(entities.ApprovalStatus)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()

    class Meta:
        db_table = "pending_approvals"
        indexes = (
            Index(fields=["approval_status", "expires_at", "request_id"], name="approvals_expiry"),
        )
        constraints = (
            one_of("approvals_status", "approval_status", entities.ApprovalStatus),
            stored_version("approvals_version"),
        )


class InboundMessage(models.Model):
    message_id = models.TextField(primary_key=True)
    sender_phone = models.CharField(max_length=PHONE_LENGTH, null=True)
    text = models.TextField()
    action = EnumField(entities.InboundAction)
    reason = EnumField(entities.IgnoredReason, null=True)
    request_id = models.TextField(null=True)
    error = models.TextField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "inbound_messages"
        indexes = (
            Index(fields=["sender_phone", "received_at", "message_id"], name="messages_of_sender"),
        )
        constraints = (
            one_of("messages_action", "action", entities.InboundAction),
            one_of("messages_reason", "reason", entities.IgnoredReason),
            check(
                "messages_ignored",
                Q(reason__isnull=True) | Q(action=str(entities.InboundAction.IGNORED)),
            ),
        )

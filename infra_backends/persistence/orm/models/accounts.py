"""Users, their scores, and the audit log."""

# ruff: noqa: DJ001, DJ008
# An entity tells a missing text from an empty one; rows are never shown.

from django.db import models
from django.db.models import Index, Q

from accounts import entities
from accounts.audit import AuditAction, TargetType
from infra_backends.persistence.orm.fields import (
    ECOSYSTEM_ID_LENGTH,
    CentsField,
    EnumField,
    IdField,
    JsonField,
)
from infra_backends.persistence.orm.models.constraints import (
    check,
    one_of,
    score_range,
    stored_version,
)


class User(models.Model):
    ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH, primary_key=True)
    subject = models.TextField()
    email = models.TextField()
    role = EnumField(entities.Role)
    status = EnumField(entities.UserStatus)
    current_score = models.SmallIntegerField()
    active_cards = models.IntegerField()
    total_balance = CentsField()
    total_limit = CentsField()
    pending_request_id = IdField(null=True)
    pending_product_id = models.TextField(null=True)
    pending_since = models.DateTimeField(null=True)
    last_rejected_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    last_login_at = models.DateTimeField()
    version = models.IntegerField()
    deleted = models.BooleanField(db_default=False)
    """True between a cleanup's deletion and the removal of the last row that refers to this."""

    class Meta:
        db_table = "users"
        indexes = (Index(fields=["ecosystem_id"], condition=Q(deleted=False), name="users_there"),)
        constraints = (
            one_of("users_role", "role", entities.Role),
            one_of("users_status", "status", entities.UserStatus),
            score_range("users_score", "current_score"),
            check(
                "users_totals",
                Q(active_cards__gte=0, total_balance__gte=0, total_limit__gte=0),
            ),
            check(
                "users_pending",
                Q(
                    pending_request_id__isnull=True,
                    pending_product_id__isnull=True,
                    pending_since__isnull=True,
                )
                | Q(
                    pending_request_id__isnull=False,
                    pending_product_id__isnull=False,
                    pending_since__isnull=False,
                ),
            ),
            stored_version("users_version"),
        )


class ScoreRecord(models.Model):
    score_id = IdField(primary_key=True)
    ecosystem = models.ForeignKey(User, models.DO_NOTHING, db_index=False, related_name="scores")
    value = models.SmallIntegerField()
    previous_value = models.SmallIntegerField()
    delta = models.SmallIntegerField()
    reason = models.TextField()
    source = EnumField(entities.ScoreSource)
    source_id = models.TextField(null=True)
    related_entity_type = models.TextField(null=True)
    related_entity_id = models.TextField(null=True)
    timestamp = models.DateTimeField()

    class Meta:
        db_table = "score_records"
        indexes = (Index(fields=["ecosystem", "score_id"], name="scores_of_user"),)
        constraints = (
            one_of("scores_source", "source", entities.ScoreSource),
            score_range("scores_value", "value"),
            score_range("scores_previous_value", "previous_value"),
        )


class AuditLog(models.Model):
    log_id = IdField(primary_key=True)
    admin_ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    admin_email = models.TextField()
    action = EnumField(AuditAction, max_length=64)
    target_type = EnumField(TargetType)
    target_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    target_ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH, null=True)
    previous_value = JsonField(null=True)
    new_value = JsonField(null=True)
    reason = models.TextField()
    request_id = models.TextField(null=True)
    ip_address = models.TextField(null=True)
    user_agent = models.TextField(null=True)
    timestamp = models.DateTimeField()

    class Meta:
        db_table = "audit_logs"
        indexes = (
            Index(fields=["target_type", "target_id", "log_id"], name="audit_of_target"),
            Index(fields=["admin_ecosystem_id", "log_id"], name="audit_of_actor"),
        )

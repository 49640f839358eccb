"""Events with their counters, idempotency records, a cleanup's state, leases."""

# ruff: noqa: DJ001, DJ008
# An entity tells a missing text from an empty one; rows are never shown.

from django.db import models
from django.db.models import Index, Q, UniqueConstraint

from infra_backends.persistence.orm.fields import (
    ECOSYSTEM_ID_LENGTH,
    EnumField,
    IdField,
    JsonField,
    NamesField,
)
from infra_backends.persistence.orm.models.constraints import check, one_of, stored_version
from outbox import entities

CLEANUP_ID = 1


class Event(models.Model):
    event_id = IdField(primary_key=True)
    event_type = EnumField(entities.EventType, max_length=64)
    entity_type = EnumField(entities.EntityType)
    entity_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    sequence_number = models.BigIntegerField()
    previous_event_id = IdField(null=True)
    payload = JsonField()
    traceparent = models.TextField(null=True)
    shard = models.IntegerField()
    status = EnumField(entities.EventStatus)
    retry_count = models.IntegerField()
    last_error = models.TextField(null=True)
    next_retry_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    deliveries = NamesField()
    version = models.IntegerField()

    class Meta:
        db_table = "events"
        indexes = (
            Index(
                fields=["shard", "next_retry_at", "sequence_number", "event_id"],
                condition=Q(status__in=sorted(entities.UNSENT)),
                name="events_unsent",
            ),
            Index(fields=["status", "event_id"], name="events_by_status"),
            Index(fields=["entity_type", "entity_id", "event_id"], name="events_of_entity"),
            Index(
                fields=["entity_type", "entity_id", "status", "event_id"],
                name="events_of_entity_by_status",
            ),
        )
        constraints = (
            UniqueConstraint(
                fields=["entity_type", "entity_id", "sequence_number"], name="events_in_sequence"
            ),
            one_of("events_entity_type", "entity_type", entities.EntityType),
            one_of("events_status", "status", entities.EventStatus),
            check("events_numbers", Q(sequence_number__gte=1, retry_count__gte=0, shard__gte=0)),
            stored_version("events_version"),
        )


class EntitySequence(models.Model):
    pk = models.CompositePrimaryKey("entity_id", "entity_type")
    entity_type = EnumField(entities.EntityType)
    entity_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    last_number = models.BigIntegerField()
    last_event_id = IdField(null=True)

    class Meta:
        db_table = "entity_sequences"
        constraints = (
            one_of("sequences_entity_type", "entity_type", entities.EntityType),
            check("sequences_number", Q(last_number__gte=0)),
        )


class IdempotencyRecord(models.Model):
    pk = models.CompositePrimaryKey("ecosystem_id", "key_hash")
    ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    key_hash = models.CharField(max_length=64)
    fingerprint = models.TextField()
    body = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency_records"
        indexes = (Index(fields=["expires_at"], name="idempotency_expiry"),)


class CleanupState(models.Model):
    id = models.SmallIntegerField(primary_key=True, db_default=CLEANUP_ID)
    running = models.BooleanField()
    heartbeat_at = models.DateTimeField(null=True)
    last_token_issued_at = models.DateTimeField(null=True)
    version = models.IntegerField()

    class Meta:
        db_table = "cleanup_state"
        constraints = (
            check("cleanup_is_one", Q(id=CLEANUP_ID)),
            stored_version("cleanup_version"),
        )


class Lease(models.Model):
    shard = models.IntegerField(primary_key=True)
    holder = models.TextField(null=True)
    expires_at = models.DateTimeField(null=True)
    version = models.IntegerField()

    class Meta:
        db_table = "leases"
        constraints = (
            check("leases_shard", Q(shard__gte=0)),
            stored_version("leases_version"),
        )

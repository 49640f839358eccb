"""The input and output of the outbox's operations, as the schema declares them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import CharField, IntegerField

from financial_api.api.fields import EnumField, IdField, MomentField, TextField
from financial_api.api.schema import PaginationSerializer
from outbox.entities import EntityType, EventStatus, EventType


class CleanupInput(serializers.Serializer[Any]):
    confirmationToken = TextField(longest=500, required=False)


class EventSerializer(serializers.Serializer[Any]):
    eventId = IdField()
    eventType = EnumField(*EventType)
    entityType = EnumField(*EntityType)
    entityId = CharField()
    ecosystemId = CharField()
    sequenceNumber = IntegerField(min_value=1)
    payload = serializers.DictField()
    status = EnumField(*EventStatus)
    retryCount = IntegerField(min_value=0)
    lastError = CharField(required=False)
    nextRetryAt = MomentField()
    createdAt = MomentField()
    sentAt = MomentField(required=False)
    previousEventId = IdField(required=False)
    traceparent = CharField(required=False)


class EventAnswerSerializer(serializers.Serializer[Any]):
    event = EventSerializer()


class EventPageSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    pagination = PaginationSerializer()


class DeletedCountsSerializer(serializers.Serializer[Any]):
    users = IntegerField(min_value=0)
    cards = IntegerField(min_value=0)
    transactions = IntegerField(min_value=0)
    cardRequests = IntegerField(min_value=0)
    events = IntegerField(min_value=0)


class CleanupAnswerSerializer(serializers.Serializer[Any]):
    status = EnumField("completed")
    deletedCounts = DeletedCountsSerializer()
    duration = CharField()


class ConfirmationSerializer(serializers.Serializer[Any]):
    message = CharField()
    confirmationToken = CharField()
    expiresAt = MomentField()

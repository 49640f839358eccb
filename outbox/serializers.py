"""The input and output of the outbox's operations, as the schema declares them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import CharField, IntegerField

from financial_api.api.fields import EnumField, IdField, MomentField
from financial_api.api.schema import PaginationSerializer
from outbox.entities import EntityType, EventStatus, EventType


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

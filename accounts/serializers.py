"""The input and output of the accounts' operations, as the schema declares them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import BooleanField, CharField, IntegerField

from accounts.audit import AuditAction, TargetType
from accounts.entities import Role, ScoreSource, Tier, UserStatus
from cards.entities import RequestStatus
from cards.serializers import CardSummarySerializer
from financial_api.api.fields import EnumField, IdField, MomentField, TextField, WholeNumberField
from financial_api.api.reasons import ReasonInput
from financial_api.api.schema import PaginationSerializer


class RegistrationInput(serializers.Serializer[Any]):
    email = TextField(
        longest=254,
        shortest=3,
        pattern=r"[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+",
        expected="an email address",
        required=False,
        help_text="Must be the token's, if that has one.",
    )


class ScoreInput(ReasonInput):
    score = WholeNumberField(lowest=0, highest=1000)


class UserSerializer(serializers.Serializer[Any]):
    ecosystemId = CharField()
    firebaseUid = CharField(help_text="The identity provider's subject, whichever that is.")
    email = CharField()
    role = EnumField(*Role)
    status = EnumField(*UserStatus)
    currentScore = IntegerField(min_value=0, max_value=1000)
    tier = EnumField(*Tier)
    createdAt = MomentField()
    updatedAt = MomentField()
    lastLoginAt = MomentField()


class UserAnswerSerializer(serializers.Serializer[Any]):
    user = UserSerializer()


class RegistrationAnswerSerializer(serializers.Serializer[Any]):
    created = BooleanField()
    user = UserSerializer()


class DashboardUserSerializer(serializers.Serializer[Any]):
    ecosystemId = CharField()
    email = CharField()
    score = IntegerField(min_value=0, max_value=1000)
    tier = EnumField(*Tier)
    status = EnumField(*UserStatus)


class PendingRequestSerializer(serializers.Serializer[Any]):
    requestId = IdField()
    productId = CharField()
    status = EnumField(RequestStatus.PENDING)
    submittedAt = MomentField()
    estimatedReviewTime = CharField()


class SuggestedActionSerializer(serializers.Serializer[Any]):
    type = CharField()
    message = CharField()
    link = CharField()


class DashboardSerializer(serializers.Serializer[Any]):
    user = DashboardUserSerializer()
    cards = CardSummarySerializer(many=True)
    pendingRequests = PendingRequestSerializer(many=True)
    suggestedActions = SuggestedActionSerializer(many=True, required=False)
    lastUpdated = MomentField()


class ScoredUserSerializer(serializers.Serializer[Any]):
    ecosystemId = CharField()
    email = CharField()
    currentScore = IntegerField(min_value=0, max_value=1000)
    tier = EnumField(*Tier)


class ScoreRecordSerializer(serializers.Serializer[Any]):
    value = IntegerField(min_value=0, max_value=1000)
    previousValue = IntegerField(min_value=0, max_value=1000)
    delta = IntegerField()
    reason = CharField()
    source = EnumField(*ScoreSource)  # type: ignore[assignment]
    timestamp = MomentField()


class ScoreOverviewSerializer(serializers.Serializer[Any]):
    user = ScoredUserSerializer()
    history = ScoreRecordSerializer(many=True)


class AuditLogSerializer(serializers.Serializer[Any]):
    logId = IdField()
    adminEcosystemId = CharField()
    adminEmail = CharField()
    action = EnumField(*AuditAction)
    targetType = EnumField(*TargetType)
    targetId = CharField()
    targetEcosystemId = CharField(required=False)
    previousValue = serializers.DictField(required=False)
    newValue = serializers.DictField(required=False)
    reason = CharField()
    requestId = CharField(required=False)
    ipAddress = CharField(required=False)
    userAgent = CharField(required=False)
    timestamp = MomentField()


class AuditLogPageSerializer(serializers.Serializer[Any]):
    auditLogs = AuditLogSerializer(many=True)
    pagination = PaginationSerializer()

"""The input and output of the cards' operations, as the schema declares them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import BooleanField, CharField, IntegerField

from accounts.entities import Tier
from cards.entities import CardStatus, CardType, DecisionSource, RequestStatus
from cards.rules import LOWEST_LIMIT
from financial_api.api.fields import (
    AmountField,
    EnumField,
    IdField,
    MomentField,
    MoneyField,
    TextField,
)
from financial_api.api.schema import PaginationSerializer


class CardRequestInput(serializers.Serializer[Any]):
    productId = TextField(
        longest=64, pattern="[a-z0-9-]{1,64}", expected="lower-case letters, digits and hyphens"
    )


class ApprovalInput(serializers.Serializer[Any]):
    creditLimit = AmountField(lowest=LOWEST_LIMIT, help_text="To the highest configured limit.")
    reason = TextField(shortest=10, longest=500, required=False)


class CardSummarySerializer(serializers.Serializer[Any]):
    cardId = IdField()
    type = EnumField(*CardType)
    status = EnumField(*CardStatus)
    limit = MoneyField()
    balance = MoneyField()
    availableCredit = MoneyField()
    minimumPayment = MoneyField()
    nextDueDate = MomentField()
    nearLimit = BooleanField()


class CardDetailSerializer(CardSummarySerializer):
    createdAt = MomentField()
    activatedAt = MomentField()
    approvedBy = EnumField(*DecisionSource)
    scoreAtApproval = IntegerField(min_value=0, max_value=1000)


class CardAnswerSerializer(serializers.Serializer[Any]):
    card = CardDetailSerializer()


class CardListSerializer(serializers.Serializer[Any]):
    cards = CardSummarySerializer(many=True)
    suggestion = CharField(required=False)


class TermsSerializer(serializers.Serializer[Any]):
    creditLimit = MoneyField()
    apr = CharField()
    annualFee = MoneyField()


class EligibilitySerializer(serializers.Serializer[Any]):
    eligible = BooleanField()
    subjectToApproval = BooleanField()
    cooldownUntil = serializers.DateTimeField(allow_null=True)


class OfferSerializer(serializers.Serializer[Any]):
    productId = CharField()
    productType = EnumField(*CardType)
    name = CharField()
    description = CharField()
    terms = TermsSerializer()
    eligibility = EligibilitySerializer()


class OfferListSerializer(serializers.Serializer[Any]):
    offers = OfferSerializer(many=True)


class DecisionSerializer(serializers.Serializer[Any]):
    outcome = EnumField(RequestStatus.APPROVED, RequestStatus.REJECTED)
    source = EnumField(*DecisionSource)  # type: ignore[assignment]
    approvedLimit = MoneyField(required=False)
    reason = CharField(required=False)


class CardRequestSerializer(serializers.Serializer[Any]):
    requestId = IdField()
    status = EnumField(*RequestStatus)
    scoreAtRequest = IntegerField(min_value=0, max_value=1000)
    decision = DecisionSerializer(required=False)
    card = CardSummarySerializer(required=False)


class CardRequestAnswerSerializer(serializers.Serializer[Any]):
    request = CardRequestSerializer()


class RequesterSerializer(serializers.Serializer[Any]):
    ecosystemId = CharField()
    email = CharField()


class AdminCardRequestSerializer(serializers.Serializer[Any]):
    requestId = IdField()
    user = RequesterSerializer()
    scoreAtRequest = IntegerField(min_value=0, max_value=1000)
    currentScore = IntegerField(min_value=0, max_value=1000)
    tierAtRequest = EnumField(*Tier)
    daysPending = IntegerField(min_value=0)
    requiresAttention = BooleanField()
    productId = CharField()
    status = EnumField(*RequestStatus)
    createdAt = MomentField()


class AdminCardRequestPageSerializer(serializers.Serializer[Any]):
    requests = AdminCardRequestSerializer(many=True)
    pagination = PaginationSerializer()


class ApprovalAnswerSerializer(serializers.Serializer[Any]):
    request = AdminCardRequestSerializer()
    card = CardDetailSerializer()


class RejectionAnswerSerializer(serializers.Serializer[Any]):
    request = AdminCardRequestSerializer()

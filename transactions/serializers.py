"""The input and output of the transactions' operations, as the schema declares them."""

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import CharField, IntegerField

from cards.serializers import CardSummarySerializer
from financial_api.api.fields import (
    AmountField,
    EnumField,
    IdField,
    MomentField,
    MoneyField,
    TextField,
)
from financial_api.api.schema import PaginationSerializer
from transactions.entities import PaymentStatus, TransactionStatus, TransactionType


class PaymentInput(serializers.Serializer[Any]):
    amount = AmountField()


class PurchaseInput(PaymentInput):
    merchant = TextField(longest=100, required=False)


class ScoreImpactSerializer(serializers.Serializer[Any]):
    previousScore = IntegerField(min_value=0, max_value=1000)
    newScore = IntegerField(min_value=0, max_value=1000)
    delta = IntegerField(help_text="What was really applied.")
    reason = EnumField(*PaymentStatus)


class TransactionSerializer(serializers.Serializer[Any]):
    transactionId = IdField()
    type = EnumField(*TransactionType)
    amount = MoneyField()
    merchant = CharField(required=False)
    status = EnumField(*TransactionStatus)
    timestamp = MomentField()
    paymentStatus = EnumField(*PaymentStatus, required=False)
    scoreImpact = ScoreImpactSerializer(required=False)
    failureReason = CharField(required=False)


class PurchaseAnswerSerializer(serializers.Serializer[Any]):
    transaction = TransactionSerializer()
    card = CardSummarySerializer()


class PaymentAnswerSerializer(PurchaseAnswerSerializer):
    scoreImpact = ScoreImpactSerializer()


class TransactionPageSerializer(serializers.Serializer[Any]):
    transactions = TransactionSerializer(many=True)
    pagination = PaginationSerializer()

"""Cards, the requests that lead to them, and what is bought and paid with them."""

# ruff: noqa: DJ001, DJ008
# An entity tells a missing text from an empty one; rows are never shown.

from django.db import models
from django.db.models import F, Index, Q, UniqueConstraint
from django.db.models.functions import Cast, Right

from accounts.entities import Tier
from cards import entities
from infra_backends.persistence.orm.fields import (
    ECOSYSTEM_ID_LENGTH,
    CentsField,
    EnumField,
    IdField,
)
from infra_backends.persistence.orm.models.accounts import User
from infra_backends.persistence.orm.models.constraints import (
    check,
    one_of,
    score_range,
    stored_version,
)
from transactions import entities as transactions


class Card(models.Model):
    card_id = IdField(primary_key=True)
    ecosystem = models.ForeignKey(User, models.DO_NOTHING, db_index=False, related_name="cards")
    request_id = IdField()
    type = EnumField(entities.CardType)
    status = EnumField(entities.CardStatus)
    limit = CentsField()
    balance = CentsField()
    next_due_date = models.DateTimeField()
    approved_by = EnumField(entities.DecisionSource)
    score_at_approval = models.SmallIntegerField()
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()

    class Meta:
        db_table = "cards"
        indexes = (Index(fields=["ecosystem", "card_id"], name="cards_of_user"),)
        constraints = (
            UniqueConstraint(
                fields=["ecosystem"],
                condition=Q(status=str(entities.CardStatus.ACTIVE)),
                name="cards_one_active",
            ),
            one_of("cards_type", "type", entities.CardType),
            one_of("cards_status", "status", entities.CardStatus),
            one_of("cards_approved_by", "approved_by", entities.DecisionSource),
            check("cards_balance", Q(balance__gte=0, balance__lte=F("limit"))),
            score_range("cards_score", "score_at_approval"),
            stored_version("cards_version"),
        )


class CardRequest(models.Model):
    request_id = IdField(primary_key=True)
    ecosystem = models.ForeignKey(User, models.DO_NOTHING, related_name="requests")
    product_id = models.TextField()
    status = EnumField(entities.RequestStatus)
    score_at_request = models.SmallIntegerField()
    tier_at_request = EnumField(Tier)
    outcome = EnumField(entities.RequestStatus, null=True)
    decided_by = EnumField(entities.DecisionSource, null=True)
    approved_limit = CentsField(null=True)
    decision_reason = models.TextField(null=True)
    card_id = IdField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()
    short_code = models.GeneratedField(
        expression=Right(Cast("request_id", models.TextField()), entities.SHORT_CODE_LENGTH),
        output_field=models.TextField(),
        db_persist=True,
    )
    """A column, since SQLite finds an expression's index only if no parameter stands for the 8."""

    class Meta:
        db_table = "card_requests"
        indexes = (
            Index(fields=["status", "request_id"], name="requests_by_status"),
            Index(fields=["short_code", "request_id"], name="requests_by_code"),
        )
        constraints = (
            UniqueConstraint(
                fields=["ecosystem"],
                condition=Q(status=str(entities.RequestStatus.PENDING)),
                name="requests_one_pending",
            ),
            one_of("requests_status", "status", entities.RequestStatus),
            one_of("requests_tier", "tier_at_request", Tier),
            one_of("requests_outcome", "outcome", entities.RequestStatus),
            one_of("requests_decided_by", "decided_by", entities.DecisionSource),
            check(
                "requests_decision",
                Q(outcome__isnull=True, decided_by__isnull=True)
                | Q(outcome__isnull=False, decided_by__isnull=False),
            ),
            check("requests_limit", Q(approved_limit__gt=0)),
            score_range("requests_score", "score_at_request"),
            stored_version("requests_version"),
        )


class Transaction(models.Model):
    pk = models.CompositePrimaryKey("card_id", "transaction_id")
    transaction_id = IdField()
    ecosystem_id = models.CharField(max_length=ECOSYSTEM_ID_LENGTH)
    card = models.ForeignKey(Card, models.DO_NOTHING, db_index=False)
    type = EnumField(transactions.TransactionType)
    amount = CentsField()
    merchant = models.TextField(null=True)
    status = EnumField(transactions.TransactionStatus)
    payment_status = EnumField(transactions.PaymentStatus, null=True)
    previous_score = models.SmallIntegerField(null=True)
    new_score = models.SmallIntegerField(null=True)
    score_delta = models.SmallIntegerField(null=True)
    score_reason = EnumField(transactions.PaymentStatus, null=True)
    failure_reason = models.TextField(null=True)
    timestamp = models.DateTimeField()

    class Meta:
        db_table = "transactions"
        indexes = (Index(fields=["card", "type", "transaction_id"], name="transactions_by_type"),)
        constraints = (
            one_of("transactions_type", "type", transactions.TransactionType),
            one_of("transactions_status", "status", transactions.TransactionStatus),
            one_of("transactions_payment", "payment_status", transactions.PaymentStatus),
            check("transactions_amount", Q(amount__gt=0)),
            score_range("transactions_previous_score", "previous_score"),
            score_range("transactions_new_score", "new_score"),
        )

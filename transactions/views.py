"""HTTP to transactions."""

from django.http import HttpResponse
from rest_framework.request import Request

from financial_api.api.pagination import PageRequest
from financial_api.api.responses import json_response
from financial_api.api.schema import PAGING, choice_parameter, operation, path_id
from financial_api.api.views import ApiViewSet
from financial_api.kernel.errors import InsufficientCredit, NotFound, ValidationError
from transactions import examples, services
from transactions.entities import TransactionType
from transactions.presenters import present_result, present_transaction
from transactions.serializers import (
    PaymentAnswerSerializer,
    PaymentInput,
    PurchaseAnswerSerializer,
    PurchaseInput,
    TransactionPageSerializer,
)

TAG = "Transactions"
CARD_ID = path_id("cardId", "The caller's card.")


class PurchaseViewSet(ApiViewSet):
    @operation(
        "createPurchase",
        "Buy with a card",
        description="A refused purchase is kept as a failed transaction.",
        tag=TAG,
        body=PurchaseInput,
        example=examples.PURCHASE_INPUT,
        answers={201: (PurchaseAnswerSerializer, "Bought.", examples.PURCHASE)},
        errors=[InsufficientCredit, NotFound],
        parameters=[CARD_ID],
        keyed=True,
    )
    def create(self, request: Request, cardId: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(PurchaseInput)
        outcome = services.purchase(
            self.caller,
            self.path_id("cardId"),
            data["amount"],
            data.get("merchant"),
            self.submission(key, data, present_result),
        )
        return self.answer(outcome, 201)


class PaymentViewSet(ApiViewSet):
    @operation(
        "createPayment",
        "Pay off a card",
        description="Moves the score. A refused payment is kept as a failed transaction.",
        tag=TAG,
        body=PaymentInput,
        example=examples.PAYMENT_INPUT,
        answers={201: (PaymentAnswerSerializer, "Paid.", examples.PAYMENT)},
        errors=[NotFound],
        parameters=[CARD_ID],
        keyed=True,
    )
    def create(self, request: Request, cardId: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(PaymentInput)
        outcome = services.payment(
            self.caller,
            self.path_id("cardId"),
            data["amount"],
            self.submission(key, data, present_result),
        )
        return self.answer(outcome, 201)


class TransactionViewSet(ApiViewSet):
    @operation(
        "listTransactions",
        "A card's transactions, newest first",
        tag=TAG,
        answers={200: (TransactionPageSerializer, "A page.", examples.TRANSACTIONS)},
        errors=[ValidationError, NotFound],
        parameters=[
            CARD_ID,
            choice_parameter("type", list(TransactionType), "Only these."),
            *PAGING,
        ],
    )
    def list(self, request: Request, cardId: str) -> HttpResponse:
        type = self.choice("type", TransactionType)
        ecosystem_id = self.caller.ecosystem_id
        asked = PageRequest.of(self.django_request, "transactions", ecosystem_id, cardId, type)
        page = services.transactions_of(
            ecosystem_id, self.path_id("cardId"), type, asked.after, asked.limit
        )
        return json_response(
            {
                "transactions": [present_transaction(item) for item in page.items],
                "pagination": asked.answer(page.next_position),
            }
        )

"""HTTP to what an admin does with cards and card requests."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from cards import examples, services
from cards.entities import CardStatus, RequestStatus
from cards.presenters import present_card_answer, present_decided, present_review
from cards.serializers import (
    AdminCardRequestPageSerializer,
    ApprovalAnswerSerializer,
    ApprovalInput,
    CardAnswerSerializer,
    RejectionAnswerSerializer,
)
from financial_api.api.pagination import PageRequest
from financial_api.api.reasons import REASON_INPUT, ReasonInput
from financial_api.api.responses import json_response
from financial_api.api.schema import PAGING, USER_SLUG, choice_parameter, operation, path_id
from financial_api.api.views import AdminViewSet
from financial_api.kernel.errors import (
    ApiError,
    CardAlreadyExists,
    InvalidStateTransition,
    LimitExceedsPolicy,
    NotFound,
    ValidationError,
)

TAG = "Admin"
REQUEST_ID = path_id("requestId", "Any user's card request.")


class Sort(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"


class AdminCardRequestViewSet(AdminViewSet):
    @operation(
        "listCardRequests",
        "Card requests of all users",
        tag=TAG,
        answers={200: (AdminCardRequestPageSerializer, "A page.", examples.REVIEWS)},
        errors=[ValidationError],
        parameters=[
            choice_parameter("status", list(RequestStatus), "Only these."),
            choice_parameter("sort", list(Sort), "By the time they were made.", Sort.OLDEST),
            *PAGING,
        ],
    )
    def list(self, request: Request) -> HttpResponse:
        status = self.choice("status", RequestStatus)
        sort = self.choice("sort", Sort) or Sort.OLDEST
        asked = PageRequest.of(self.django_request, "card-requests", status, sort)
        page = services.requests_to_review(
            status, oldest_first=sort is Sort.OLDEST, after=asked.after, limit=asked.limit
        )
        return json_response(
            {
                "requests": [present_review(review) for review in page.items],
                "pagination": asked.answer(page.next_position),
            }
        )

    @operation(
        "approveCardRequest",
        "Approve a pending request",
        tag=TAG,
        body=ApprovalInput,
        example=examples.APPROVAL_INPUT,
        answers={200: (ApprovalAnswerSerializer, "Approved.", examples.APPROVAL)},
        errors=[LimitExceedsPolicy, NotFound, CardAlreadyExists],
        parameters=[REQUEST_ID],
        keyed=True,
    )
    def approve(self, request: Request, requestId: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ApprovalInput)
        outcome = services.approve_request(
            self.caller,
            self.path_id("requestId"),
            data["creditLimit"],
            data.get("reason"),
            self.submission(key, data, present_decided),
        )
        return self.answer(outcome)

    @operation(
        "rejectCardRequest",
        "Reject a pending request",
        tag=TAG,
        body=ReasonInput,
        example=REASON_INPUT,
        answers={200: (RejectionAnswerSerializer, "Rejected.", examples.REJECTION)},
        errors=[NotFound],
        parameters=[REQUEST_ID],
        keyed=True,
    )
    def reject(self, request: Request, requestId: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ReasonInput)
        outcome = services.reject_request(
            self.caller,
            self.path_id("requestId"),
            data["reason"],
            self.submission(key, data, present_decided),
        )
        return self.answer(outcome)


def _status_operation(
    operation_id: str, summary: str, *refusals: type[ApiError]
) -> Callable[[Any], Any]:
    return operation(
        operation_id,
        summary,
        tag=TAG,
        body=ReasonInput,
        example=REASON_INPUT,
        answers={200: (CardAnswerSerializer, "The card as it is now.", examples.CARD)},
        errors=[NotFound, InvalidStateTransition, *refusals],
        parameters=[USER_SLUG, path_id("cardId", "The user's card.")],
        keyed=True,
    )


class AdminCardViewSet(AdminViewSet):
    @_status_operation("suspendCard", "Suspend an active card")
    def suspend(self, request: Request, userSlug: str, cardId: str) -> HttpResponse:
        return self._set_status(CardStatus.SUSPENDED)

    @_status_operation("reactivateCard", "Reactivate a suspended card", CardAlreadyExists)
    def reactivate(self, request: Request, userSlug: str, cardId: str) -> HttpResponse:
        return self._set_status(CardStatus.ACTIVE)

    @_status_operation("cancelCard", "Cancel a card for good, at balance zero")
    def cancel(self, request: Request, userSlug: str, cardId: str) -> HttpResponse:
        return self._set_status(CardStatus.CANCELLED)

    def _set_status(self, status: CardStatus) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ReasonInput)
        outcome = services.set_card_status(
            self.caller,
            self.path_slug(),
            self.path_id("cardId"),
            status,
            data["reason"],
            self.submission(key, data, present_card_answer),
        )
        return self.answer(outcome)

"""HTTP to the outbox and to cleanup."""

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.serializers import ReasonInput
from financial_api.api.pagination import PageRequest
from financial_api.api.responses import json_response
from financial_api.api.schema import (
    PAGING,
    choice_parameter,
    either,
    operation,
    path_id,
    text_parameter,
)
from financial_api.api.views import AdminViewSet
from financial_api.kernel.errors import (
    CleanupInProgress,
    InvalidStateTransition,
    NotFound,
    ValidationError,
)
from outbox import cleanup, examples, services
from outbox.entities import EntityType, EventStatus
from outbox.presenters import present_cleanup, present_confirmation, present_event
from outbox.serializers import (
    CleanupAnswerSerializer,
    CleanupInput,
    ConfirmationSerializer,
    EventAnswerSerializer,
    EventPageSerializer,
)

TAG = "Operations"


class OutboxViewSet(AdminViewSet):
    @operation(
        "listEvents",
        "Events in the outbox, newest first",
        tag=TAG,
        answers={200: (EventPageSerializer, "A page.", examples.EVENTS)},
        errors=[ValidationError],
        parameters=[
            choice_parameter("status", list(EventStatus), "Only these."),
            choice_parameter("entityType", list(EntityType), "With `entityId`: of one entity."),
            text_parameter("entityId", "With `entityType`: of one entity."),
            *PAGING,
        ],
    )
    def list(self, request: Request) -> HttpResponse:
        status = self.choice("status", EventStatus)
        entity_type = self.choice("entityType", EntityType)
        entity_id = self.text("entityId")
        asked = PageRequest.of(self.django_request, "outbox", status, entity_type, entity_id)
        page = services.events(status, entity_type, entity_id, after=asked.after, limit=asked.limit)
        return json_response(
            {
                "events": [present_event(event) for event in page.items],
                "pagination": asked.answer(page.next_position),
            }
        )

    @operation(
        "redriveEvent",
        "Send a dead-lettered event once more",
        description="It then goes out of sequence, which consumers see by its number.",
        tag=TAG,
        body=ReasonInput,
        example=examples.REASON_INPUT,
        answers={200: (EventAnswerSerializer, "The event as it is now.", examples.EVENT)},
        errors=[NotFound, InvalidStateTransition],
        parameters=[path_id("eventId", "The event.")],
        keyed=True,
    )
    def redrive(self, request: Request, eventId: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ReasonInput)
        outcome = services.redrive(
            self.caller,
            self.path_id("eventId"),
            data["reason"],
            self.submission(key, data, lambda event: {"event": present_event(event)}),
        )
        return self.answer(outcome)


class CleanupViewSet(AdminViewSet):
    @operation(
        "cleanUp",
        "Delete all data but the audit log",
        description=(
            "Without a token: 400 with one to send back within five minutes, which works once and "
            "for this admin. While a cleanup runs, everyone but admins is refused writes."
        ),
        tag=TAG,
        body=CleanupInput,
        example=examples.CLEANUP_INPUT,
        answers={
            200: (CleanupAnswerSerializer, "All is deleted.", examples.CLEANUP),
            400: (
                either("CleanupRefusal", ConfirmationSerializer),
                "A token to confirm with, or VALIDATION_ERROR.",
                examples.CONFIRMATION,
            ),
        },
        errors=[CleanupInProgress],
    )
    def create(self, request: Request) -> HttpResponse:
        cleanup.check_allowed()
        token = self.validated(CleanupInput).get("confirmationToken")
        if token is None:
            confirmation = cleanup.request_confirmation(self.caller)
            return json_response(present_confirmation(confirmation), 400)
        return json_response(present_cleanup(cleanup.run(self.caller, token)))

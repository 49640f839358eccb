"""HTTP to the outbox."""

from django.http import HttpResponse
from rest_framework.request import Request

from financial_api.api.pagination import PageRequest
from financial_api.api.reasons import REASON_INPUT, ReasonInput
from financial_api.api.responses import json_response
from financial_api.api.schema import (
    PAGING,
    choice_parameter,
    operation,
    path_id,
    text_parameter,
)
from financial_api.api.views import AdminViewSet
from financial_api.kernel.errors import (
    InvalidStateTransition,
    NotFound,
    ValidationError,
)
from outbox import examples, services
from outbox.entities import EntityType, EventStatus
from outbox.presenters import present_event
from outbox.serializers import (
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
        example=REASON_INPUT,
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

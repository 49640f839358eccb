"""HTTP from the WhatsApp gateway."""

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from financial_api.api.authentication import count_failure
from financial_api.api.body import read_object
from financial_api.api.context import context_of
from financial_api.api.responses import json_response
from financial_api.api.schema import operation
from financial_api.api.views import PublicViewSet, validated
from financial_api.kernel import clock, deadline
from financial_api.kernel.cache import Cache
from financial_api.kernel.errors import (
    InvalidToken,
    RateLimitExceeded,
    ServiceUnavailable,
    VersionConflict,
)
from infra_backends import messaging
from infra_backends.exceptions import BackendUnavailable
from infra_backends.messaging.base import Connection
from notifications import answering, examples
from notifications.answering import Delivery
from notifications.presenters import present_health, present_non_message, present_outcome
from notifications.serializers import (
    GatewayAnswerSerializer,
    GatewayEventInput,
    GatewayHealthSerializer,
    GatewayMessageInput,
)

TAG = "WhatsApp"
MESSAGE_EVENT = "onmessage"
GROUPS = "@g.us"
CONNECTION_FRESH_SECONDS = 5.0
CONNECTION_SECONDS = 2.0

_connections: Cache[None, tuple[Connection | None, bool]] = Cache(
    "the gateway's connection",
    BackendUnavailable,
    fresh_seconds=CONNECTION_FRESH_SECONDS,
    usable_seconds=CONNECTION_FRESH_SECONDS,
)


class GatewayViewSet(PublicViewSet):
    """Answers whoever has the webhook's secret; nobody where none is set."""

    security_scheme = "webhookSecret"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "OPTIONS":
            return
        given = self.django_request.META.get("HTTP_X_WEBHOOK_SECRET", "")
        expected = settings.WEBHOOK_SECRET
        if not hmac.compare_digest(given.encode(), expected.encode()) or not expected:
            count_failure(self.django_request)
            raise InvalidToken("The header X-Webhook-Secret is missing or wrong.")

    @operation(
        "receiveGatewayEvent",
        "An event of the WhatsApp gateway; an admin's answer decides a card request",
        description=(
            "An admin answers `y CODE` or `n CODE` with a request's short code or whole id. The "
            "same message acts once, however often it is delivered. The data of an `onmessage` "
            "event is `id`, `body`, `from` (`<phone>@c.us`), `to`, `fromMe`, `isGroupMsg`, "
            "`sender` (optional: `id`, `name`, `pushname`), `t` and `type`; other events are "
            "ignored, whatever their data is."
        ),
        tag=TAG,
        body=GatewayEventInput,
        example=examples.EVENT,
        answers={200: (GatewayAnswerSerializer, "What became of it.", examples.ANSWER)},
        errors=[InvalidToken, VersionConflict, RateLimitExceeded, ServiceUnavailable],
        public=True,
    )
    def create(self, request: Request) -> HttpResponse:
        event = validated(GatewayEventInput, read_object(self.django_request))
        if event["event"] != MESSAGE_EVENT:
            return json_response(present_non_message())
        message = validated(GatewayMessageInput, event.get("data"))
        kept = answering.receive(
            Delivery(
                session=event["session"],
                gateway_id=message["id"],
                sender=message["from"],
                text=message["body"],
                is_from_self=message["fromMe"],
                is_from_group=message["isGroupMsg"] or message["from"].endswith(GROUPS),
                traceparent=context_of(self.django_request).traceparent,
            )
        )
        return json_response(present_outcome(kept))


class GatewayHealthViewSet(PublicViewSet):
    @operation(
        "getGatewayHealth",
        "Whether the WhatsApp session is connected",
        tag=TAG,
        answers={200: (GatewayHealthSerializer, "How it stands.", examples.HEALTH)},
        public=True,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        connection, is_away = _connections.get(None, _ask)
        return json_response(present_health(connection, is_away, clock.now()))


def _ask() -> tuple[Connection | None, bool]:
    """Return how the session stands, and whether the gateway did not say."""
    try:
        with deadline.within(CONNECTION_SECONDS):
            return messaging.connection(), False
    except BackendUnavailable:
        return None, True

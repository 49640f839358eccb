"""HTTP to cleanup."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import CharField, IntegerField

from financial_api.api.fields import EnumField, MomentField, TextField
from financial_api.api.responses import json_response
from financial_api.api.schema import either, operation
from financial_api.api.views import AdminViewSet
from financial_api.application import cleanup
from financial_api.application.cleanup import CleanupResult, Confirmation
from financial_api.application.events import describe_counts
from financial_api.kernel.cleanup import DeletedCounts
from financial_api.kernel.clock import iso
from financial_api.kernel.errors import CleanupInProgress


class CleanupInput(serializers.Serializer[Any]):
    confirmationToken = TextField(longest=500, required=False)


class DeletedCountsSerializer(serializers.Serializer[Any]):
    users = IntegerField(min_value=0)
    cards = IntegerField(min_value=0)
    transactions = IntegerField(min_value=0)
    cardRequests = IntegerField(min_value=0)
    events = IntegerField(min_value=0)


class CleanupAnswerSerializer(serializers.Serializer[Any]):
    status = EnumField("completed")
    deletedCounts = DeletedCountsSerializer()
    duration = CharField()


class ConfirmationSerializer(serializers.Serializer[Any]):
    message = CharField()
    confirmationToken = CharField()
    expiresAt = MomentField()


def present_confirmation(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "message": "This deletes all data but the audit log. Send the token back to confirm.",
        "confirmationToken": confirmation.token,
        "expiresAt": iso(confirmation.expires_at),
    }


def present_cleanup(result: CleanupResult) -> dict[str, Any]:
    return {
        "status": "completed",
        "deletedCounts": describe_counts(result.counts),
        "duration": f"{result.seconds:.1f}s",
    }


EXAMPLE_TOKEN = "WyJhZG1pbi0wMDEiLCIyMDI2LTAxLTE1Il0:1vfFzY:c2lnbmF0dXJl"  # noqa: S105
EXAMPLE_CONFIRMATION = Confirmation(EXAMPLE_TOKEN, datetime(2026, 1, 15, 9, 35, tzinfo=UTC))
EXAMPLE_RESULT = CleanupResult(
    DeletedCounts(users=3, cards=2, transactions=41, card_requests=2, events=50), 6.2
)


class CleanupViewSet(AdminViewSet):
    @operation(
        "cleanUp",
        "Delete all data but the audit log",
        description=(
            "Without a token: 400 with one to send back within five minutes, which works once and "
            "for this admin. While a cleanup runs, everyone but admins is refused writes."
        ),
        tag="Operations",
        body=CleanupInput,
        example={"confirmationToken": EXAMPLE_TOKEN},
        answers={
            200: (CleanupAnswerSerializer, "All is deleted.", present_cleanup(EXAMPLE_RESULT)),
            400: (
                either("CleanupRefusal", ConfirmationSerializer),
                "A token to confirm with, or VALIDATION_ERROR.",
                present_confirmation(EXAMPLE_CONFIRMATION),
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

"""HTTP to what an admin sees and does of users."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts import examples, services
from accounts.audit import TargetType
from accounts.entities import UserStatus
from accounts.presenters import present_audit_log, present_score_overview, present_user
from accounts.serializers import (
    AuditLogPageSerializer,
    ScoreInput,
    ScoreOverviewSerializer,
    UserAnswerSerializer,
)
from financial_api.api.authentication import note_changed
from financial_api.api.pagination import PageRequest
from financial_api.api.reasons import REASON_INPUT, ReasonInput
from financial_api.api.responses import json_response
from financial_api.api.schema import (
    PAGING,
    USER_SLUG,
    choice_parameter,
    operation,
    text_parameter,
)
from financial_api.api.views import AdminViewSet
from financial_api.kernel.errors import InvalidStateTransition, NotFound, ValidationError

TAG = "Admin"


class AdminScoreViewSet(AdminViewSet):
    @operation(
        "getScore",
        "A user's score and its last ten changes",
        tag=TAG,
        answers={200: (ScoreOverviewSerializer, "The score.", examples.SCORE)},
        errors=[NotFound],
        parameters=[USER_SLUG],
    )
    def retrieve(self, request: Request, userSlug: str) -> HttpResponse:
        return json_response(present_score_overview(services.score_overview(self.path_slug())))

    @operation(
        "adjustScore",
        "Set a user's score",
        tag=TAG,
        body=ScoreInput,
        example=examples.SCORE_INPUT,
        answers={200: (ScoreOverviewSerializer, "The score as it is now.", examples.SCORE)},
        errors=[NotFound],
        parameters=[USER_SLUG],
        keyed=True,
    )
    def partial_update(self, request: Request, userSlug: str) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ScoreInput)
        outcome = services.adjust_score(
            self.caller,
            self.path_slug(),
            data["score"],
            data["reason"],
            self.submission(key, data, present_score_overview),
        )
        return self.answer(outcome)


def _status_operation(operation_id: str, summary: str) -> Callable[[Any], Any]:
    return operation(
        operation_id,
        summary,
        tag=TAG,
        body=ReasonInput,
        example=REASON_INPUT,
        answers={200: (UserAnswerSerializer, "The user as it is now.", examples.USER_ANSWER)},
        errors=[NotFound, InvalidStateTransition],
        parameters=[USER_SLUG],
        keyed=True,
    )


class AdminUserViewSet(AdminViewSet):
    @_status_operation("disableUser", "Disable a user")
    def disable(self, request: Request, userSlug: str) -> HttpResponse:
        return self._set_status(UserStatus.DISABLED)

    @_status_operation("enableUser", "Enable a disabled user")
    def enable(self, request: Request, userSlug: str) -> HttpResponse:
        return self._set_status(UserStatus.ACTIVE)

    def _set_status(self, status: UserStatus) -> HttpResponse:
        key = self.idempotency_key()
        data = self.validated(ReasonInput)
        user_slug = self.path_slug()
        outcome = services.set_status(
            self.caller,
            user_slug,
            status,
            data["reason"],
            self.submission(key, data, lambda user: {"user": present_user(user)}),
        )
        note_changed(user_slug)
        return self.answer(outcome)


class AuditLogViewSet(AdminViewSet):
    @operation(
        "listAuditLogs",
        "What was done to a target, or by an admin, newest first",
        description="Give either `targetType` and `targetId`, or `actor`.",
        tag=TAG,
        answers={200: (AuditLogPageSerializer, "A page.", examples.AUDIT_LOGS)},
        errors=[ValidationError],
        parameters=[
            choice_parameter("targetType", list(TargetType), "Of what kind the target is."),
            text_parameter("targetId", "The target's id."),
            text_parameter("actor", "The admin's ecosystemId."),
            *PAGING,
        ],
    )
    def list(self, request: Request) -> HttpResponse:
        target_type = self.choice("targetType", TargetType)
        target_id, actor = self.text("targetId"), self.text("actor")
        if (target_type is None) != (target_id is None):
            raise ValidationError("targetType and targetId go together.")
        target = (target_type, target_id) if target_type and target_id else None
        asked = PageRequest.of(self.django_request, "audit-logs", target_type, target_id, actor)
        page = services.audit_logs(target, actor, asked.after, asked.limit)
        return json_response(
            {
                "auditLogs": [present_audit_log(log) for log in page.items],
                "pagination": asked.answer(page.next_position),
            }
        )

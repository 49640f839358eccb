"""Every error a client can be answered with: a class with its code, status and data.

They are raised where the fault is found and rendered in one place, `financial_api.api.errors`.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from financial_api.kernel.clock import iso


class ErrorCode(StrEnum):
    INVALID_TOKEN = "INVALID_TOKEN"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    INSUFFICIENT_CREDIT = "INSUFFICIENT_CREDIT"
    CARD_REQUEST_EXISTS = "CARD_REQUEST_EXISTS"
    CARD_ALREADY_EXISTS = "CARD_ALREADY_EXISTS"
    REQUEST_ALREADY_PROCESSED = "REQUEST_ALREADY_PROCESSED"
    INVALID_STATE_TRANSITION = "INVALID_STATE_TRANSITION"
    LIMIT_EXCEEDS_POLICY = "LIMIT_EXCEEDS_POLICY"
    CLEANUP_IN_PROGRESS = "CLEANUP_IN_PROGRESS"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class ApiError(Exception):
    """An answer that is not a success.

    `details` is shown to the client as it stands, so it holds JSON values only; `headers` are
    added to the response.
    """

    code: ClassVar[ErrorCode]
    status: ClassVar[int]
    default_message: ClassVar[str]

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.details = details
        self.headers = dict(headers or {})
        super().__init__(self.message)


class Unauthenticated(ApiError):
    """A 401: RFC 9110, section 11.6.1, wants the challenge with it."""

    status = 401

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class InvalidToken(Unauthenticated):
    code = ErrorCode.INVALID_TOKEN
    default_message = "The bearer token is missing, malformed or cannot be verified."


class TokenExpired(Unauthenticated):
    code = ErrorCode.TOKEN_EXPIRED
    default_message = "The bearer token has expired."


class AccountDisabled(ApiError):
    code = ErrorCode.ACCOUNT_DISABLED
    status = 403
    default_message = "This account is disabled."


class Forbidden(ApiError):
    code = ErrorCode.FORBIDDEN
    status = 403
    default_message = "This caller may not do that."


class NotFound(ApiError):
    code = ErrorCode.NOT_FOUND
    status = 404
    default_message = "There is no such resource."


class MethodNotAllowed(ApiError):
    code = ErrorCode.METHOD_NOT_ALLOWED
    status = 405
    default_message = "This resource does not know that method."


class UnsupportedMediaType(ApiError):
    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE
    status = 415
    default_message = "Send the body as application/json in UTF-8, without a Content-Encoding."


class ValidationError(ApiError):
    """Input that breaks a rule of the contract; `details` maps each field to its fault."""

    code = ErrorCode.VALIDATION_ERROR
    status = 400
    default_message = "The request is not valid."

    @classmethod
    def of_field(cls, field: str, fault: str) -> "ValidationError":
        return cls(f"{field}: {fault}", details={field: fault})


class InsufficientCredit(ApiError):
    code = ErrorCode.INSUFFICIENT_CREDIT
    status = 402
    default_message = "The purchase is over the available credit."

    def __init__(self, requested: Decimal, available: Decimal) -> None:
        super().__init__(details={"requestedAmount": requested, "availableCredit": available})


class CardRequestExists(ApiError):
    code = ErrorCode.CARD_REQUEST_EXISTS
    status = 409
    default_message = "A card request is already pending."

    def __init__(self, request_id: str) -> None:
        super().__init__(details={"existingRequestId": request_id})


class CardAlreadyExists(ApiError):
    code = ErrorCode.CARD_ALREADY_EXISTS
    status = 409
    default_message = "The user already has an active card."


class RequestAlreadyProcessed(ApiError):
    code = ErrorCode.REQUEST_ALREADY_PROCESSED
    status = 409
    default_message = "The request has already been processed."


class InvalidStateTransition(ApiError):
    code = ErrorCode.INVALID_STATE_TRANSITION
    status = 409
    default_message = "The resource's state does not allow that."


class LimitExceedsPolicy(ApiError):
    code = ErrorCode.LIMIT_EXCEEDS_POLICY
    status = 400
    default_message = "The credit limit is over the limit of the user's tier."


class CleanupInProgress(ApiError):
    code = ErrorCode.CLEANUP_IN_PROGRESS
    status = 409
    default_message = "A cleanup is already running."


class VersionConflict(ApiError):
    code = ErrorCode.VERSION_CONFLICT
    status = 409
    default_message = "Too many changes at once to the same resource; try again."


class RateLimitExceeded(ApiError):
    code = ErrorCode.RATE_LIMIT_EXCEEDED
    status = 429
    default_message = "Too many requests; try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__(headers={"Retry-After": str(retry_after)})


class ServiceUnavailable(ApiError):
    code = ErrorCode.SERVICE_UNAVAILABLE
    status = 503
    default_message = "The service cannot answer right now; try again."

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class InternalError(ApiError):
    code = ErrorCode.INTERNAL_ERROR
    status = 500
    default_message = "Something went wrong on our side."


def in_cooldown(until: datetime) -> ValidationError:
    """The 400 for a card request made too soon after a rejection."""
    return ValidationError(
        "A new card request is possible after the cool-down.",
        details={"productId": "in cool-down after a rejection", "cooldownUntil": iso(until)},
    )

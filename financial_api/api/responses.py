"""Answers: JSON bytes in the contract's shapes."""

import logging
from pathlib import Path
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse

from financial_api.api.context import EdgeContext, context_of
from financial_api.kernel.encoding import dumps
from financial_api.kernel.errors import (
    ApiError,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ValidationError,
)
from infra_backends.exceptions import BackendFailure
from infra_backends.failures import HANDLING

logger = logging.getLogger(__name__)

JSON = "application/json"


class ContractResponse(HttpResponse):
    """A response whose body already has one of the contract's shapes."""


class FileResponse(HttpResponse):
    """What is in a file, which a server may send from there, without a copy for each client."""

    def __init__(self, path: Path, content: bytes, content_type: str) -> None:
        super().__init__(content, content_type=content_type)
        self.path = path


def json_response(body: Any, status: int = 200) -> ContractResponse:
    """Return a response with a value, or with bytes that are JSON already."""
    content = body if isinstance(body, bytes) else dumps(body)
    return ContractResponse(content, status=status, content_type=JSON)


def error_response(error: ApiError, context: EdgeContext) -> ContractResponse:
    """Return the one shape of all errors."""
    described: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details:
        described["details"] = error.details
    meta = {"requestId": context.request_id}
    if context.trace_id is not None:
        meta["traceId"] = context.trace_id
    response = json_response({"error": described, "meta": meta}, error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response


def response_to(error: Exception, request: HttpRequest) -> ContractResponse:
    """Return the answer to whatever was raised; what nobody expected is logged and a 500."""
    context = context_of(request)
    if isinstance(error, ApiError):
        return error_response(error, context)
    if isinstance(error, BackendFailure):
        logger.warning("request %s: %s", context.request_id, error)
        return error_response(HANDLING[error.failure].told(), context)
    if isinstance(error, SuspiciousOperation):  # such as more query parameters than Django reads
        return error_response(ValidationError(), context)
    logger.error("request %s failed", context.request_id, exc_info=error)
    return error_response(InternalError(), context)


_BY_STATUS: dict[int, type[ApiError]] = {404: NotFound, 405: MethodNotAllowed}


def reshaped(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """Return an error that Django made, such as a debug page, in the contract's shape.

    What the middleware within has put into its headers stays there.
    """
    if response.status_code < 400 or isinstance(response, ContractResponse):
        return response
    fallback = ValidationError if response.status_code < 500 else InternalError
    error = _BY_STATUS.get(response.status_code, fallback)()
    described = error_response(error, context_of(request))
    for name, value in response.items():
        described.headers.setdefault(name, value)
    return described

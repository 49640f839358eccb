"""How operations are described: one declaration beside each view, and what all of them share."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers

from financial_api.kernel.encoding import dumps
from financial_api.kernel.errors import (
    AccountDisabled,
    ApiError,
    ErrorCode,
    Forbidden,
    InternalError,
    InvalidToken,
    MethodNotAllowed,
    RateLimitExceeded,
    RequestAlreadyProcessed,
    ServiceUnavailable,
    TokenExpired,
    UnsupportedMediaType,
    ValidationError,
    VersionConflict,
)

EXAMPLE_ID = "019a0f6e-5d2c-7a31-9c1b-3f7d5f0a2b11"
EXAMPLE_TIME = "2026-01-15T09:30:00.000000Z"

ErrorClass = type[ApiError]


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong. `details` names the offending fields."""

    code = serializers.ChoiceField(choices=[(code.value, code.value) for code in ErrorCode])
    message = serializers.CharField()
    details = serializers.DictField(required=False)


class MetaSerializer(serializers.Serializer[Any]):
    requestId = serializers.CharField()
    traceId = serializers.CharField(required=False)


class ErrorAnswerSerializer(serializers.Serializer[Any]):
    """The one shape of errors."""

    error = ErrorSerializer()
    meta = MetaSerializer()


class PaginationSerializer(serializers.Serializer[Any]):
    nextCursor = serializers.CharField(allow_null=True)
    hasMore = serializers.BooleanField()


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[\x21-\x7e]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Names this request among the caller's; a retry under it is replayed for 24 hours.",
)
CURSOR = OpenApiParameter(
    "cursor",
    {"type": "string", "minLength": 1, "maxLength": 1024},
    description="The previous answer's nextCursor.",
)
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    description="The most rows to answer.",
)
PAGING = (CURSOR, LIMIT)


def choice_parameter(
    name: str, values: Sequence[str], description: str, default: str | None = None
) -> OpenApiParameter:
    """Return a query parameter that takes one of `values`."""
    schema: dict[str, Any] = {"type": "string", "enum": list(values)}
    if default is not None:
        schema["default"] = default
    return OpenApiParameter(name, schema, description=description)


def text_parameter(name: str, description: str) -> OpenApiParameter:
    """Return an optional query parameter of text that could be an identifier."""
    return OpenApiParameter(
        name,
        {"type": "string", "pattern": "^[A-Za-z0-9_.:@-]{1,128}$"},
        description=description,
    )


IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="ETags the client has, or `*`."
)
IF_MODIFIED_SINCE = OpenApiParameter(
    "If-Modified-Since",
    str,
    OpenApiParameter.HEADER,
    description="Not looked at: a date cannot tell changes of one second apart; ETags do.",
    deprecated=True,
)


def path_id(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "string", "format": "uuid"},
        OpenApiParameter.PATH,
        required=True,
        description=description,
    )


USER_SLUG = OpenApiParameter(
    "userSlug",
    {"type": "string", "pattern": "^[A-Za-z0-9_.:@-]{1,128}$"},
    OpenApiParameter.PATH,
    required=True,
    description="The user's ecosystemId.",
)


def operation(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, tuple[Any, str, Any]],
    description: str = "",
    errors: Sequence[ErrorClass] = (),
    body: type[serializers.Serializer[Any]] | None = None,
    example: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    keyed: bool = False,
    public: bool = False,
) -> Callable[[Any], Any]:
    """Describe one operation.

    `answers` maps each status to its serializer, its description and an example; `errors` are the
    refusals of its own, to which come those that its kind of operation always has. A status that
    `answers` describes is left as it says.
    """
    refusals = [*errors, *_usual_errors(keyed, public, body is not None)]
    successes = dict(answers)
    if keyed and 200 not in successes:
        serializer, _, replayed = successes[201]
        successes[200] = (serializer, "A replay of the stored answer.", replayed)
    responses: dict[Any, Any] = {
        (status, "application/json"): _success(*answer)
        for status, answer in sorted(successes.items())
    }
    for status, classes in _by_status(refusals).items():
        if status in successes:
            continue
        responses[status, "application/json"] = _refusal(status, classes)
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or summary,
        tags=[tag],
        request={"application/json": body} if body else None,
        examples=[OpenApiExample("request", example, request_only=True)] if example else [],
        parameters=[*parameters, *([IDEMPOTENCY_KEY] if keyed else [])],
        responses=responses,
    )


def _usual_errors(keyed: bool, public: bool, has_body: bool) -> list[ErrorClass]:
    usual: list[ErrorClass] = [MethodNotAllowed, InternalError, ServiceUnavailable]
    if not public:
        usual += [InvalidToken, TokenExpired, AccountDisabled, Forbidden, RateLimitExceeded]
    if has_body:
        usual += [ValidationError, UnsupportedMediaType]
    if keyed:
        usual += [ValidationError, RequestAlreadyProcessed, VersionConflict]
    return usual


def _by_status(classes: Sequence[ErrorClass]) -> dict[int, list[ErrorClass]]:
    grouped: dict[int, list[ErrorClass]] = {}
    for error in dict.fromkeys(classes):
        grouped.setdefault(error.status, []).append(error)
    return dict(sorted(grouped.items()))


def either(name: str, serializer: type[serializers.Serializer[Any]]) -> Any:
    """Return the body of a refusal that may have a shape of its own instead of the common one."""
    return PolymorphicProxySerializer(
        component_name=name,
        serializers=[serializer, ErrorAnswerSerializer],
        resource_type_field_name=None,
    )


def _success(serializer: Any, description: str, example: Any) -> OpenApiResponse:
    examples = [OpenApiExample("answer", _plain(example))] if example is not None else []
    return OpenApiResponse(serializer, description, examples)


def _plain(example: Any) -> Any:
    """Return an example with its Decimals as the numbers that YAML knows."""
    return json.loads(dumps(example))


def _refusal(status: int, classes: Sequence[ErrorClass]) -> OpenApiResponse:
    return OpenApiResponse(
        ErrorAnswerSerializer,
        f"{HTTPStatus(status).phrase}: {', '.join(error.code for error in classes)}",
        [
            OpenApiExample(
                str(error.code),
                {
                    "error": {"code": str(error.code), "message": error.default_message},
                    "meta": {"requestId": EXAMPLE_ID},
                },
            )
            for error in classes
        ],
    )


class ContractSchema(AutoSchema):
    """Says what operations are proved by; drf-spectacular finds out the rest."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        """No answer is a bare list."""
        return False

    def get_auth(self) -> list[dict[str, list[str]]]:
        scheme: str | None = self.view.security_scheme  # type: ignore[attr-defined]
        return [{scheme: []}] if scheme else []


_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The client's own identifier of the request, or a new one.",
        "schema": {"type": "string", "maxLength": 128},
    },
    "Cache-Control": {
        "description": "Answers are for the caller alone, and asked for again each time.",
        "schema": {"type": "string", "const": "private, no-cache"},
    },
    "Vary": {"description": "Names Authorization and Origin.", "schema": {"type": "string"}},
    "X-RateLimit-Limit": {
        "description": "Requests a minute. Absent where throttling is off.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests left in this minute. Absent where throttling is off.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Reset": {
        "description": "When the next minute starts, in Unix seconds.",
        "schema": {"type": "integer"},
    },
    "Idempotent-Replayed": {
        "description": "`true` on a replay of the stored answer.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "The challenge.",
        "schema": {"type": "string", "const": "Bearer"},
    },
    "Allow": {"description": "The methods there are.", "schema": {"type": "string"}},
    "ETag": {"description": "Changes whenever the answer does.", "schema": {"type": "string"}},
    "Last-Modified": {
        "description": "Not sent: a date cannot tell changes of one second apart; ETags do.",
        "deprecated": True,
        "schema": {"type": "string"},
    },
    "X-Stale-Data": {
        "description": "`true` on a copy of at most five minutes.",
        "schema": {"type": "string", "const": "true"},
    },
}
_ALWAYS = frozenset({"X-Request-ID", "Cache-Control", "Vary", "WWW-Authenticate", "Allow"})
_VERSIONED = (
    "Cache-Control",
    "Vary",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)
_OF_STATUS = {
    "401": ("WWW-Authenticate",),
    "405": ("Allow",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def share(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Name what every operation shares once, as components; a hook of drf-spectacular's."""
    _add_headers(result)
    _share_error_examples(result)
    _share_refusals(result)
    return result


def _share_error_examples(result: dict[str, Any]) -> None:
    shared = result["components"].setdefault("examples", {})
    for operations in result["paths"].values():
        for described in operations.values():
            for response in described["responses"].values():
                for media in response.get("content", {}).values():
                    for name, example in media.get("examples", {}).items():
                        code = example.get("summary")
                        if code in set(ErrorCode):
                            shared[code] = example
                            media["examples"][name] = {"$ref": f"#/components/examples/{code}"}


def _share_refusals(result: dict[str, Any]) -> None:
    """Replace each refusal that several operations have in common by a reference."""
    seen: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for operations in result["paths"].values():
        for described in operations.values():
            for status, response in described["responses"].items():
                if status >= "400":
                    alike = json.dumps(response, sort_keys=True)
                    seen.setdefault(alike, []).append((described["responses"], status))
    shared = result["components"].setdefault("responses", {})
    for alike, places in seen.items():
        if len(places) == 1:
            continue
        response = json.loads(alike)
        status = places[0][1]
        codes = response["description"].partition(": ")[2].split(", ")
        public = "" if "Cache-Control" in response["headers"] else "_PUBLIC"
        name = "_".join([status, *codes]) + public
        shared[name] = response
        for responses, place in places:
            responses[place] = {"$ref": f"#/components/responses/{name}"}


def _add_headers(result: dict[str, Any]) -> None:
    for path, operations in result["paths"].items():
        for described in operations.values():
            for status, response in described["responses"].items():
                names = _header_names(path, status, described)
                response["headers"] = {
                    name: {"$ref": f"#/components/headers/{name}"} for name in names
                }
    result["components"]["headers"] = {
        name: header | ({"required": True} if name in _ALWAYS else {})
        for name, header in _HEADERS.items()
    }


def _header_names(path: str, status: str, described: dict[str, Any]) -> list[str]:
    names = ["X-Request-ID"]
    if path.startswith("/v1/"):
        names += _VERSIONED
    names += _OF_STATUS.get(status, ())
    takes_key = any(p["name"] == "Idempotency-Key" for p in described.get("parameters", ()))
    if status == "200" and takes_key:
        names.append("Idempotent-Replayed")
    if described["operationId"] == "getDashboard":
        names += {"200": ("ETag", "Last-Modified"), "304": ("ETag",), "503": ("X-Stale-Data",)}.get(
            status, ()
        )
    return names

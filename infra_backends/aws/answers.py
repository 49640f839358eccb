"""What AWS must answer for an answer to be one: the members without which nothing is told.

What stands in between answers in AWS's place: with nothing at all, a page, half an answer, an error
of its own. None of these says whether a call has had its effect.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Required, TypedDict

import msgspec
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from financial_api.kernel import clock

HTTP_ERROR = 300
LONGEST_BODY_SECONDS = 1.0


class NoAnswer(BotoCoreError):  # type: ignore[misc]
    """What came back is not what the service answers, or not all of it."""

    fmt = "The answer to {operation} is none: {reason}"


class AttributeValue(TypedDict, total=False):
    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    L: "list[AttributeValue]"
    M: "dict[str, AttributeValue]"


Item = dict[str, AttributeValue]


class BatchGetItemOutput(TypedDict):
    Responses: dict[str, list[Item]]
    UnprocessedKeys: dict[str, dict[str, Any]]


class QueryOutput(TypedDict, total=False):
    """What a query and a scan answer."""

    Items: Required[list[Item]]
    Count: Required[int]
    ScannedCount: Required[int]
    LastEvaluatedKey: Item


class TransactWriteItemsOutput(TypedDict):
    """Empty but for what a caller asks to be told, as this service does."""

    ConsumedCapacity: list[dict[str, Any]]


class _Reason(msgspec.Struct):
    Code: str | None = None


class _Error(msgspec.Struct):
    type: str | None = msgspec.field(name="__type", default=None)
    message: str | None = None
    Message: str | None = None
    CancellationReasons: list[_Reason] = []


def _members(**required: Any) -> type[msgspec.Struct]:
    """Return the type of an answer that has these at the least."""
    return msgspec.defstruct("Answer", list(required.items()))


_PARAMETERS = _members(Parameters=list[_members(Name=str, Value=str)])  # type: ignore[misc]
_OUTPUTS: Mapping[str, type] = {
    "AdminGetUser": _members(Enabled=bool, UserAttributes=list[dict[str, str]]),
    "BatchGetItem": BatchGetItemOutput,
    "DescribeEventBus": _members(Name=str),
    "DescribeUserPool": _members(UserPool=dict[str, Any]),
    "GetParameters": _PARAMETERS,
    "GetParametersByPath": _PARAMETERS,
    "GetQueueAttributes": _members(Attributes=dict[str, str]),
    "GetQueueUrl": _members(QueueUrl=str),
    "InitiateAuth": dict[str, Any],
    "PutEvents": _members(Entries=list[dict[str, str]]),
    "Query": QueryOutput,
    "Scan": QueryOutput,
    "SendMessageBatch": dict[str, list[dict[str, Any]]],
    "TransactWriteItems": TransactWriteItemsOutput,
}
_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(output) for name, output in _OUTPUTS.items()
}
_ERROR = msgspec.json.Decoder(_Error)


class AnsweringSession:
    """A session of botocore's, of which a connection is used again only after an answer.

    What comes before an answer, as a 103 does, or in its place, may be followed by the true one:
    on that connection whoever asks next would be told what another has asked.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self.close = session.close

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return a response whose `answer` is what it holds; raise NoAnswer, botocore's errors."""
        request.stream_output = True
        response = self._session.send(request)
        raw = response.raw
        connection, raw._connection = raw._connection, None
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        try:
            response.answer = _read(operation, response)
        except BaseException:
            raw._connection = connection
            raw.close()
            raise
        raw._connection = connection
        raw.release_conn()
        return response


def _read(operation: str, response: AWSResponse) -> Any:
    """Return what an answer holds; raise NoAnswer for what is neither one nor a refusal of AWS's.

    An operation that is not named here is not called: KeyError.
    """
    status, headers = response.status_code, response.headers
    decoder = _ERROR if status >= HTTP_ERROR else _DECODERS[operation]
    try:
        body = _whole_body(response)
        answer = decoder.decode(body)
    except (HTTPError, ValueError, RecursionError) as error:
        reason = f"status {status}, {type(error).__name__}: {error}"
        raise NoAnswer(operation=operation, reason=reason) from error
    if decoder is _ERROR and not (answer.type or headers.get("x-amzn-errortype")):
        raise NoAnswer(operation=operation, reason=f"status {status}, of nobody of AWS's")
    return answer


def _whole_body(response: AWSResponse) -> bytes:
    """Return the body, all of it and as it was sent; raise ValueError for another, or a late one.

    What was packed cannot be compared with what is said of it.
    """
    if response._content is None:
        response._content = b"".join(_in_time(response.raw))
    headers, body = response.headers, bytes(response.content)
    if "Content-Encoding" not in headers:
        expected, checksum = headers.get("Content-Length"), headers.get("x-amz-crc32")
        if expected is not None and len(body) < int(expected):
            raise ValueError(f"it has {len(body)} of {expected} bytes")
        if checksum is not None and checksum != str(zlib.crc32(body)):
            raise ValueError("it is not the one that was sent")
    return body


def _in_time(raw: Any) -> Iterator[bytes]:
    """Yield a body piece by piece, each of which may come late but not all together."""
    ends_at = clock.monotonic() + LONGEST_BODY_SECONDS
    while piece := raw.read1(65_536):
        if clock.monotonic() > ends_at:
            raise ValueError("it drips")
        yield piece

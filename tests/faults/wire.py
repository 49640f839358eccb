"""AWS as it fails: what may come of a call, where botocore sends it and waits for the answer.

No emulator throttles, reports a conflict, or loses an answer. Here it takes what it is sent, or
does not, and the answer is another one or none; all above the wire is the product's own.
"""

import contextlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NoReturn

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from financial_api.kernel import clock
from tests.support.aws_requests import Send, answer_to, intercepted, operation_of
from tests.support.breaking import Outage

TRANSACTION = "TransactWriteItems"
BATCH = "BatchGetItem"
QUERY = "Query"


class Call:
    """A call that is about to be sent."""

    def __init__(self, send: Send, session: URLLib3Session, request: AWSPreparedRequest) -> None:
        self._send = send
        self._session = session
        self._request = request
        self.operation = operation_of(request)

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self._request.body)
        return content

    def send(self) -> AWSResponse:
        """Have the service do what it is asked, and return its answer."""
        return self._send(self._session, self._request)

    def answer(self, status: int, content: Any) -> AWSResponse:
        """Return an answer of another's; bytes as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return answer_to(self._request, status, body, {})

    def cut(self, response: AWSResponse) -> AWSResponse:
        """Return the first half of an answer."""
        response._content = response.content[: len(response.content) // 2]
        return response

    def never_connect(self) -> NoReturn:
        clock.sleep(self._session._timeout.connect_timeout)
        raise ConnectTimeoutError(endpoint_url=self._request.url)

    def wait_in_vain(self) -> NoReturn:
        clock.sleep(self._session._timeout.read_timeout)
        raise ReadTimeoutError(endpoint_url=self._request.url)

    def hang_up(self) -> NoReturn:
        raise ConnectionClosedError(endpoint_url=self._request.url)


@dataclass(frozen=True, slots=True)
class WireFault:
    name: str
    play: Callable[[Call], AWSResponse]
    """Returns the answer to a call, or raises what botocore raises where there is none."""

    operations: Collection[str] = ()
    """What it may befall; none means all."""

    def befalls(self, operation: str) -> bool:
        return not self.operations or operation in self.operations


def failing(fault: WireFault, outage: Outage) -> contextlib.AbstractContextManager[None]:
    """Have AWS fail in this way, for this process, for as long as the outage lasts."""

    def answer(send: Send, session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        call = Call(send, session, request)
        if fault.befalls(call.operation) and outage.befalls(call.operation):
            return fault.play(call)
        return call.send()

    return intercepted(answer)


def _after(call: Call, end: Callable[[Call], AWSResponse]) -> AWSResponse:
    call.send()
    return end(call)


def _refusal(code: str, status: int = 400, **content: Any) -> Callable[[Call], AWSResponse]:
    return lambda call: call.answer(status, {"__type": code, "message": "played"} | content)


def _cancelled(*codes: str) -> Callable[[Call], AWSResponse]:
    """Refuse a transaction, for what is wrong with the first of its items."""

    def play(call: Call) -> AWSResponse:
        others = max(0, len(call.content["TransactItems"]) - len(codes))
        reasons = [{"Code": code} for code in [*codes, *["None"] * others]]
        cancelled = _refusal("TransactionCanceledException", CancellationReasons=reasons)
        return cancelled(call)

    return play


def _replies(content: Any, status: int = 200) -> Callable[[Call], AWSResponse]:
    return lambda call: call.answer(status, content)


def _without_member(call: Call, response: AWSResponse) -> AWSResponse:
    """Return an answer without one of the members that each has."""
    answer = json.loads(response.content)
    del answer[_telling_member(answer)]
    return call.answer(200, answer)


def _of_another_type(call: Call, response: AWSResponse) -> AWSResponse:
    """Return an answer in which a member that each has is of another type."""
    answer = json.loads(response.content)
    return call.answer(200, answer | {_telling_member(answer): "200 OK"})


def _telling_member(answer: dict[str, Any]) -> str:
    return next(member for member in TELLING if member in answer)


TELLING = (
    "ConsumedCapacity",
    "Responses",
    "Items",
    "Entries",
    "Parameters",
    "UserAttributes",
    "UserPool",
    "Successful",
    "QueueUrl",
)
"""What the answer to an operation must hold, each of another."""


def _left_over(call: Call) -> AWSResponse:
    """Answer for all tables but one, whose keys are handed back."""
    answer = json.loads(call.send().content)
    name, keys = next(iter(call.content["RequestItems"].items()))
    answer["Responses"].pop(name, None)
    answer["UnprocessedKeys"] = {name: keys}
    return call.answer(200, answer)


UNCONNECTED = WireFault("no connection in time", Call.never_connect)
THROTTLED = WireFault("throttled", _refusal("ThrottlingException"))
EMPTY = WireFault("empty answer", _replies(b""))
PAGE = WireFault("page", _replies(b"<html><body>It works!</body></html>"))
OF_SOMETHING_BETWEEN = [
    EMPTY,
    PAGE,
    WireFault("answer of another", _replies({"status": "ok"})),
    WireFault("no object", _replies([])),
    WireFault("refusal of another", _replies(b"<html>Forbidden</html>", 403)),
    WireFault("error of another", _replies({"message": None}, 404)),
    WireFault("redirect of another", _replies(b"", 302)),
    WireFault("timeout of a gateway", _replies(b"<html>Gateway Timeout</html>", 504)),
]
"""It answers in the service's place, and passes nothing on."""

WITHOUT_EFFECT = [
    UNCONNECTED,
    WireFault("no answer in time", Call.wait_in_vain),
    WireFault("connection closed", Call.hang_up),
    THROTTLED,
    WireFault("too much", _refusal("ProvisionedThroughputExceededException")),
    WireFault("unavailable", _refusal("ServiceUnavailable", 503)),
    *OF_SOMETHING_BETWEEN,
]

LATE = WireFault("late", lambda call: _after(call, Call.wait_in_vain))
CUT_SHORT = WireFault("cut short", lambda call: call.cut(call.send()))
EMPTIED = WireFault("emptied answer", lambda call: _after(call, EMPTY.play))
WITH_EFFECT = [
    LATE,
    WireFault("connection closed at the end", lambda call: _after(call, Call.hang_up)),
    CUT_SHORT,
    WireFault("failed at the end", lambda call: _after(call, _refusal("InternalServerError", 500))),
    EMPTIED,
    WireFault("page at the end", lambda call: _after(call, PAGE.play)),
    WireFault("member missing", lambda call: _without_member(call, call.send())),
    WireFault("member of another type", lambda call: _of_another_type(call, call.send())),
]
"""The service has done what it was asked, and nobody hears of it."""

OF_KEYS = [WireFault("keys left over", _left_over, {BATCH})]

CONFLICT = WireFault("conflict", _cancelled("TransactionConflict"), {TRANSACTION})
ITEM_THROTTLED = WireFault("item throttled", _cancelled("ThrottlingError"), {TRANSACTION})
IN_PROGRESS = WireFault(
    "in progress",
    lambda call: _after(call, _refusal("TransactionInProgressException")),
    {TRANSACTION},
)
UNEXPLAINED = WireFault(
    "cancelled without reasons", _refusal("TransactionCanceledException"), {TRANSACTION}
)
OF_SEVERAL_KINDS = WireFault(
    "conflict and item throttled",
    _cancelled("ValidationError", "ThrottlingError", "TransactionConflict"),
    {TRANSACTION},
)
OF_TRANSACTIONS = [
    CONFLICT,
    ITEM_THROTTLED,
    WireFault("item too much", _cancelled("ProvisionedThroughputExceeded"), {TRANSACTION}),
    IN_PROGRESS,
    UNEXPLAINED,
    WireFault("cancelled for a new reason", _cancelled("SomethingNew"), {TRANSACTION}),
    OF_SEVERAL_KINDS,
]
MOVED = WireFault("moved", _cancelled("ConditionalCheckFailed"), {TRANSACTION})
"""What only reading and deciding anew can cure."""

REFUSALS = [
    WireFault("access denied", _refusal("AccessDeniedException")),
    WireFault("token expired", _refusal("ExpiredTokenException", 403)),
    WireFault("no such resource", _refusal("ResourceNotFoundException")),
    WireFault("collection too large", _cancelled("ItemCollectionSizeLimitExceeded"), {TRANSACTION}),
    WireFault(
        "no such index",
        _refusal("ValidationException", message="The table does not have the specified index: X"),
        {QUERY},
    ),
    WireFault(
        "index in the making",
        _refusal(
            "ValidationException",
            message="Cannot read from backfilling global secondary index: X",
        ),
        {QUERY},
    ),
]
"""What no further try cures, but an operator, or time."""

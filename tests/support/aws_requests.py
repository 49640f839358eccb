"""The requests that this process sends to AWS, seen where botocore hands them to a socket."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

Send = Callable[[URLLib3Session, AWSPreparedRequest], AWSResponse]


def operation_of(request: AWSPreparedRequest) -> str:
    """Return what a request asks of AWS, `TransactWriteItems` for example."""
    target: str = request.headers["X-Amz-Target"].decode()
    return target.rpartition(".")[2]


def answer_to(
    request: AWSPreparedRequest, status: int, content: bytes, headers: Mapping[str, str]
) -> AWSResponse:
    """Return an answer that came over no connection."""
    nowhere = SimpleNamespace(_connection=None, release_conn=lambda: None, close=lambda: None)
    response = AWSResponse(request.url, status, headers, nowhere)
    response._content = content
    return response


@contextlib.contextmanager
def intercepted(
    answer: Callable[[Send, URLLib3Session, AWSPreparedRequest], AWSResponse],
) -> Iterator[None]:
    """Have `answer` answer what this process asks AWS; its first argument really asks."""
    send = URLLib3Session.send

    def intercept(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        return answer(send, session, request)

    with mock.patch.object(URLLib3Session, "send", intercept):
        yield


def watched(
    before: Callable[[AWSPreparedRequest], Any],
    after: Callable[[AWSPreparedRequest], Any] = lambda request: None,
) -> contextlib.AbstractContextManager[None]:
    """Call these with each request of this process within the block, retries included."""

    def watch(send: Send, session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        before(request)
        response = send(session, request)
        after(request)
        return response

    return intercepted(watch)

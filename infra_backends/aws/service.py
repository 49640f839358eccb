"""One AWS service as this process calls it: clients, timeouts, retries and a breaker.

boto3's own retries are off. They know nothing of the time that a request has left, nor of the
other threads that have just been waiting for the same service in vain.
"""

import functools
import logging
import random
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from financial_api.kernel import clock, deadline
from infra_backends.aws.access import missing_access
from infra_backends.aws.breaker import Breaker
from infra_backends.exceptions import BackendUnavailable

logger = logging.getLogger(__name__)

USER_AGENT = "financial-api"
"""What AWS's own logs say who called."""

ATTEMPTS = 2
FIRST_PAUSE = 0.05

PATIENCE = {True: (0.5, 1.0), False: (2.0, 10.0)}
"""Seconds to connect and to wait for an answer: within a request's deadline, and elsewhere."""

THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
HTTP_SERVER_ERROR = 500


class TruncatedAnswer(BotoCoreError):  # type: ignore[misc]
    """The connection ended in the middle of an answer, which botocore takes for an empty one."""

    fmt = "The answer has {actual} of {expected} bytes"


class CorruptedAnswer(BotoCoreError):  # type: ignore[misc]
    """An answer with another checksum than DynamoDB gave it."""

    fmt = "The answer is not the one that was sent"


class Service:
    """A service by boto3's name, in a region, at an endpoint or, with None, where boto3 finds it.

    One client for each kind of patience, made on first use and shared by all threads. `calling`
    makes of boto3's client one that is called in its place.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        connections: int = 64,
        calling: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = name
        self._calling = calling
        self._region = region
        self._endpoint_url = endpoint_url
        self._connections = connections
        self._clients: dict[bool, Any] = {}
        self._lock = threading.Lock()
        self._breaker = Breaker()

    def make_ready(self) -> None:
        """Make the client for a thread in a hurry, so that no call need wait for that.

        For who gives calls a time of their own: what they take is then the service's doing alone.
        """
        self._client(hurried=True)

    def client(self) -> Any:
        """Return the client that is as patient as the calling thread may be."""
        return self._client(hurried=deadline.is_running())

    def _client(self, *, hurried: bool) -> Any:
        if hurried not in self._clients:
            with self._lock:
                if hurried not in self._clients:
                    self._clients[hurried] = self._make(*PATIENCE[hurried])
        return self._clients[hurried]

    def call(self, operation: str, **parameters: Any) -> Any:
        """Return the answer to an operation, tried twice when it may help and time allows.

        The same parameters go out each time, so a write should bear being made twice. Raises
        ClientError for what the service refuses, BackendUnavailable when it cannot be reached,
        does not answer, is overloaded or fails.
        """
        client = self.client()
        failure: Exception | None = None
        for number in range(ATTEMPTS):
            if number:
                clock.sleep(random.uniform(0, FIRST_PAUSE))  # noqa: S311  # jitter
            if not deadline.allows(0):
                break
            self._breaker.check(self.name)
            try:
                answer = getattr(client, operation)(**parameters)
            except (BotoCoreError, ResponseParserError) as error:
                self._breaker.note_failure()
                failure = error
            except ClientError as error:
                self._breaker.note_answer()
                if not is_overloaded(error):
                    raise
                failure = error
            else:
                self._breaker.note_answer()
                return answer
        reason = type(failure).__name__ if failure else "no time left"
        raise BackendUnavailable(f"{self.name} {operation}: {reason}") from failure

    def missing(self) -> list[str]:
        """Return a line for each thing that no call can be made without, and that is not there."""
        return missing_access(self._region)

    def close(self) -> None:
        """Close its connections; others are opened when they are needed."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def _make(self, connect_timeout: float, read_timeout: float) -> Any:
        config = Config(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=self._connections,
            tcp_keepalive=True,
            # A tenth of a call's CPU each: the service checks what it is sent itself, and a user
            # agent that is not given is put together anew for every call.
            parameter_validation=False,
            user_agent=USER_AGENT,
        )
        session = botocore.session.get_session()
        session.register_component("data_loader", _loader())
        client = session.create_client(
            self.name, self._region, endpoint_url=self._endpoint_url, config=config
        )
        client.meta.events.register("before-parse", _check_parsed)
        return client if self._calling is None else self._calling(client)


@functools.cache
def _loader() -> Any:
    """Return what loads the descriptions of AWS's services, and keeps them.

    Reading them is most of what a client costs: 80 ms of CPU for the first one, 15 for another.
    """
    return botocore.session.get_session().get_component("data_loader")


def _check_parsed(response_dict: dict[str, Any], **_: Any) -> None:
    check_whole(response_dict["headers"], response_dict["body"])


def check_whole(headers: Mapping[str, str], body: bytes) -> None:
    """Raise TruncatedAnswer or CorruptedAnswer for an answer that is not what it says it is."""
    if "Content-Encoding" in headers:
        return
    actual, expected = len(body), headers.get("Content-Length")
    if expected is not None and actual < int(expected):
        raise TruncatedAnswer(actual=actual, expected=expected)
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise CorruptedAnswer


def code_of(error: ClientError) -> str:
    """Return the service's own name of an error."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def is_overloaded(error: ClientError) -> bool:
    """Return True for an error that trying again may cure: throttling, or a failure of AWS's."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in THROTTLED or status >= HTTP_SERVER_ERROR

"""One AWS service as this process calls it: clients, timeouts and a breaker.

boto3's own retries are off. They know nothing of the time that a request has left, nor of the
other threads that have just been waiting for the same service in vain.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from financial_api.kernel import deadline
from financial_api.kernel.fair_lock import FairLock
from infra_backends.aws.access import missing_access, session
from infra_backends.aws.answers import AnsweringSession
from infra_backends.aws.breaker import Breaker
from infra_backends.aws.failures import failure_of, is_answered, said_in
from infra_backends.exceptions import BackendRefused, BackendUnavailable, ConcurrencyError
from infra_backends.failures import Failure
from infra_backends.retries import retried

USER_AGENT = "financial-api"
"""What AWS's own logs say who called."""

PATIENCE = {True: (0.5, 1.0), False: (1.0, 2.0)}
"""Seconds to connect and to wait for an answer: within a request's deadline, and elsewhere."""

_making = FairLock()
Check = Callable[[Any], bool]


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

    def call(self, operation: str, is_whole: Check = lambda _: True, **parameters: Any) -> Any:
        """Return the answer to an operation, which is tried again where that may help.

        The same parameters go out each time, so a write should bear being made twice. An answer
        that is not `is_whole` to what was asked leaves the outcome unknown. Raises what the table
        of failures has for it: BackendRefused for what the service refuses, BackendUnavailable or
        ConcurrencyError; and for a fault of ours botocore's own error.
        """
        return retried(lambda: self._ask(operation, is_whole, parameters))

    def _ask(self, operation: str, is_whole: Check, parameters: Mapping[str, Any]) -> Any:
        what = f"{self.name} {operation}"
        if not deadline.allows_a_call():
            raise BackendUnavailable(f"{what}: no time left", Failure.UNASKED)
        self._breaker.check(self.name, sum(PATIENCE[deadline.is_running()]))
        try:
            answer = getattr(self.client(), operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise self._told(what, error) from error
        self._breaker.note_answer()
        if not is_whole(answer):
            raise BackendUnavailable(f"{what}: it is no answer to that", Failure.UNKNOWN)
        return answer

    def _told(self, what: str, error: BotoCoreError | ClientError) -> Exception:
        """Return what is raised in an error's place."""
        failure = failure_of(error)
        if is_answered(error):
            self._breaker.note_answer()
        elif failure in {Failure.AWAY, Failure.UNKNOWN}:
            self._breaker.note_failure()
        if failure is Failure.OURS:
            return error
        code, said = said_in(error)
        if failure is Failure.REFUSED:
            return BackendRefused(what, code, said)
        is_conflict = failure in {Failure.MOVED, Failure.CONFLICT, Failure.CANCELLED}
        kind = ConcurrencyError if is_conflict else BackendUnavailable
        return kind(": ".join(filter(None, (what, code, said))), failure)

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
        with _making.held(threading.TIMEOUT_MAX):
            client = session().create_client(
                self.name, self._region, endpoint_url=self._endpoint_url, config=config
            )
        client._endpoint.http_session = AnsweringSession(client._endpoint.http_session)
        return client if self._calling is None else self._calling(client)

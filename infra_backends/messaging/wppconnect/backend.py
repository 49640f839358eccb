"""The messaging backend of a session at a wpp-connect server."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from django.core import checks
from django.core.checks import CheckMessage

from financial_api.kernel import deadline
from financial_api.kernel.encoding import dumps
from infra_backends.exceptions import BackendUnavailable, MessageRejected
from infra_backends.messaging.base import Connection, MessagingBackend
from infra_backends.messaging.wppconnect.gateway import Answer, Call, Gateway
from infra_backends.messaging.wppconnect.tokens import Tokens

LONGEST_SEND_SECONDS = 8.0
LONGEST_LOOK_SECONDS = 2.0

NO_FAULT_OF_THE_MESSAGE = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
    }
)
"""What a server says of itself or of us, a proxy or a wrong address for example."""

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[!-~]{1,1024}")
_NO_SUCH_PHONE = re.compile(r"O número .*não existe", re.IGNORECASE)


class Backend(MessagingBackend):
    """`base_url` is the server's, `secret_key` the one it was started with."""

    longest_send_seconds = LONGEST_SEND_SECONDS

    def __init__(self, *, base_url: str, secret_key: str, session: str) -> None:
        self._base_url = base_url
        self._secret_key = secret_key
        self._session = session
        self._gateway = Gateway(base_url)
        self._tokens = Tokens(self._fetch_token)

    def check(self) -> Sequence[CheckMessage]:
        return list(self._faults())

    def send(self, phone: str, text: str) -> None:
        operation = "send-message"
        try:
            content = dumps({"phone": phone, "message": text, "isGroup": False})
        except UnicodeEncodeError:
            raise MessageRejected("the text holds what is no character") from None
        call = Call(operation, "POST", self._path(operation), content, bears_repeating=False)
        with _at_most(LONGEST_SEND_SECONDS):
            _check_sent(self._ask(call))

    def connection(self) -> Connection | None:
        operation = "check-connection-session"
        with _at_most(LONGEST_LOOK_SECONDS):
            answer = self._ask(Call(operation, "GET", self._path(operation)))
        if not answer.is_success or answer.body is None or not isinstance(answer.body.status, bool):
            raise _no_answer(operation, answer)
        return Connection(answer.body.status, self._session)

    def ping(self) -> None:
        self.connection()

    def close(self) -> None:
        self._gateway.close()

    def _ask(self, call: Call) -> Answer:
        """Return the answer to a call with the session's token, renewed once if it is refused."""
        token = self._tokens.get()
        answer = self._gateway.ask(call, token.text)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer = self._gateway.ask(call, self._tokens.instead_of(token).text)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise BackendUnavailable(f"{call.operation}: the token is refused, a new one as well")
        return answer

    def _fetch_token(self) -> str:
        operation = "generate-token"
        secret = quote(self._secret_key, safe="")
        path = self._path(f"{secret}/{operation}")
        answer = self._gateway.ask(Call(operation, "POST", path, content=b""))
        if not answer.is_success:
            raise BackendUnavailable(
                f"{operation}: status {answer.status}; is WPP_SECRET_KEY the gateway's?"
            )
        token = answer.body.token if answer.body is not None else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise _no_answer(operation, answer)
        return token

    def _path(self, rest: str) -> str:
        return f"/api/{self._session}/{rest}"

    def _faults(self) -> Iterator[CheckMessage]:
        if not _is_base_url(self._base_url):
            yield checks.Error(
                f"{self.setting}['OPTIONS']['BASE_URL'] is not the http or https URL of a server, "
                "which has a host, and neither a user, a password nor a query.",
                hint="Set WPP_BASE_URL, to http://127.0.0.1:21465 for example.",
                id="infra_backends.E005",
            )
        if not self._secret_key:
            yield checks.Error(
                f"{self.setting}['OPTIONS']['SECRET_KEY'] is empty.",
                hint="Set WPP_SECRET_KEY to the secretKey that the server was started with.",
                id="infra_backends.E006",
            )
        if not _SESSION.fullmatch(self._session):
            yield checks.Error(
                f"{self.setting}['OPTIONS']['SESSION'] is {self._session!r}, which is no session's "
                "name.",
                hint="Set WPP_SESSION_NAME to up to 64 letters, digits, `_` and `-`.",
                id="infra_backends.E007",
            )


def _at_most(seconds: float) -> AbstractContextManager[None]:
    return deadline.within(min(seconds, deadline.remaining(seconds)))


def _check_sent(answer: Answer) -> None:
    """Return when the answer says that the message went out.

    https://github.com/wppconnect-team/wppconnect-server/blob/main/src/middleware/statusConnection.ts
    """
    status = answer.body.status if answer.body is not None else None
    if status == "Disconnected":
        raise BackendUnavailable("send-message: the session is not connected to WhatsApp")
    if answer.is_success:
        if status != "success":
            raise _no_answer("send-message", answer)
    elif _is_of_no_such_phone(answer):
        raise MessageRejected("the phone is not on WhatsApp")
    elif answer.status in NO_FAULT_OF_THE_MESSAGE:
        raise BackendUnavailable(f"send-message: status {answer.status}")
    else:
        raise MessageRejected(f"the gateway refuses the message with status {answer.status}")


def _is_of_no_such_phone(answer: Answer) -> bool:
    """A session that is connected refuses nothing else before it sends."""
    if answer.status != HTTPStatus.BAD_REQUEST or answer.body is None:
        return False
    if answer.body.status == "Connected":
        return True
    message = answer.body.message
    return isinstance(message, str) and _NO_SUCH_PHONE.match(message) is not None


def _no_answer(operation: str, answer: Answer) -> BackendUnavailable:
    return BackendUnavailable(f"{operation}: status {answer.status} with what is no answer to that")


def _is_base_url(text: str) -> bool:
    if not re.fullmatch(r"[!-~]+", text) or "?" in text or "#" in text or "@" in text:
        return False
    try:
        url = urlsplit(text)
        host = (url.hostname or "").encode("idna")
        return url.scheme in {"http", "https"} and host != b"" and url.port != 0
    except ValueError:
        return False

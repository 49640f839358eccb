"""A WhatsApp gateway: what can be told of a wpp-connect server over HTTP, and the ways it fails.

It answers as wppconnect-server's own code does (middleware/auth.ts, middleware/statusConnection.ts,
controller/messageController.ts) and keeps what it would have sent.
"""

import contextlib
import json
import re
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.support.answering import serving

TOKEN, SEND, LOOK = "generate-token", "send-message", "check-connection-session"
HELD_SECONDS = 30.0
DRIP_SECONDS = 0.02

_PATH = re.compile(r".*/api/(?P<session>[^/]+)/(?:(?P<secret>[^/]+)/)?(?P<operation>[a-z-]+)")
_DISCONNECTED = {
    "response": None,
    "status": "Disconnected",
    "message": "A sessão do WhatsApp não está ativa.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole unless it is to break off `short_by` bytes or to come byte by byte.

    `accepts`: the message is taken all the same. `until`: nothing is answered before that.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    short_by: int = 0
    drips: bool = False
    accepts: bool = False
    until: threading.Event | None = None

    def raw(self) -> bytes:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(self.body)),
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + self.body
        return whole[: len(whole) - self.short_by]


def said(status: int, content: Any, **options: Any) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json.dumps(content).encode(), **options)


def failing(status: int) -> Reply:
    """Return what a proxy says when there is nobody behind it, or too much."""
    return Reply(status, b"<html>nginx</html>", {"Content-Type": "text/html"})


def redirecting(url: str) -> Reply:
    return Reply(307, b"", {"Location": url})


REFUSED = said(401, {"error": "Check that the Session and Token are correct"})
GARBAGE = Reply(200, b"<html>Welcome</html>", {"Content-Type": "text/html"})
CUT_OFF = said(201, {"status": "success", "response": [{"id": "true_1"}]}, short_by=9)
SILENT = Reply(201, short_by=10_000)
"""The connection ends without an answer."""
HUGE = said(201, {"status": "success", "response": ["x" * 1_000_000]})
DRIPPING = Reply(201, b"", {"X-Padding": "x" * 10_000}, drips=True)


@dataclass(frozen=True, slots=True)
class Message:
    phone: str
    text: str


@dataclass
class Gateway:
    """A gateway at `url`; it may be changed at any time."""

    session: str = "acme"
    secret: str = "key/of the?gateway#%é"
    url: str = ""
    is_connected: bool = True
    unknown_phones: set[str] = field(default_factory=set)
    sent: list[Message] = field(default_factory=list)
    """What was accepted, in order."""
    tokens: list[str] = field(default_factory=list)
    """What was given, the last one last."""
    calls: list[str] = field(default_factory=list)
    """The operations that were asked for, in order, whatever was answered."""
    paths: list[str] = field(default_factory=list)
    """Their paths, as they came."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._valid: set[str] = set()
        self._next: dict[str, deque[Reply]] = defaultdict(deque)
        self._always: dict[str, Reply] = {}
        self._closing = threading.Event()

    def script(self, operation: str, *replies: Reply) -> None:
        """Answer the next calls of an operation so, one each, and then as usual."""
        with self._lock:
            self._next[operation].extend(replies)

    def always(self, operation: str, reply: Reply | None) -> None:
        """Answer all calls of an operation so, until `None` says otherwise."""
        with self._lock:
            if reply is None:
                self._always.pop(operation, None)
            else:
                self._always[operation] = reply

    def forget_tokens(self) -> None:
        """Refuse every token given so far with 401, as after a restart with another secret."""
        with self._lock:
            self._valid.clear()

    def never(self, **options: Any) -> Reply:
        """Return an answer that is held back until the gateway closes."""
        return Reply(503, until=self._closing, **options)

    def asked(self, operation: str) -> int:
        """Return how often an operation was asked for."""
        with self._lock:
            return self.calls.count(operation)

    def close(self) -> None:
        """Let go whoever waits for an answer."""
        self._closing.set()

    def answer(self, path: str, authorization: str, content: Mapping[str, Any]) -> Reply:
        """Return the answer to a call."""
        matched = _PATH.fullmatch(path)
        if matched is None:
            return Reply(404, b"<pre>Cannot POST</pre>", {"Content-Type": "text/html"})
        operation = matched["operation"]
        with self._lock:
            self.calls.append(operation)
            self.paths.append(path)
            scripted = self._next[operation].popleft() if self._next[operation] else None
            reply = scripted or self._always.get(operation)
        if reply is not None:
            if reply.accepts:
                self._accept(content)
            if reply.until is not None:
                self._wait(reply.until)
            return reply
        if operation == TOKEN:
            return self._give_token(unquote(matched["session"]), unquote(matched["secret"] or ""))
        if authorization.removeprefix("Bearer ") not in self._valid:
            return REFUSED
        return self._look() if operation == LOOK else self._send(content)

    def drip(self) -> bool:
        """Wait a moment; return False when it is over."""
        return not self._closing.wait(DRIP_SECONDS)

    def _wait(self, event: threading.Event) -> None:
        for _ in range(int(HELD_SECONDS / DRIP_SECONDS)):
            if event.is_set() or not self.drip():
                return

    def _give_token(self, session: str, secret: str) -> Reply:
        if secret != self.secret:
            return said(400, {"response": False, "message": "The SECRET_KEY is incorrect"})
        token = f"$2b$10${secrets.token_urlsafe(40)}"
        with self._lock:
            self.tokens.append(token)
            self._valid.add(token)
        full = f"{session}:{token}"
        return said(201, {"status": "success", "session": session, "token": token, "full": full})

    def _look(self) -> Reply:
        state = "Connected" if self.is_connected else "Disconnected"
        return said(200, {"status": self.is_connected, "message": state})

    def _send(self, content: Mapping[str, Any]) -> Reply:
        if not self.is_connected:
            return said(404, _DISCONNECTED)
        phone = content.get("phone")
        if not isinstance(phone, str) or not isinstance(content.get("message"), str):
            return said(400, "Error sending message")
        if phone in self.unknown_phones:
            missing = f"O número {phone} não existe."
            return said(400, {"response": None, "status": "Connected", "message": missing})
        self._accept(content)
        sent = {"id": f"true_{phone}@c.us_{secrets.token_hex(10)}", "to": f"{phone}@c.us"}
        return said(201, {"status": "success", "response": [sent], "mapper": "return"})

    def _accept(self, content: Mapping[str, Any]) -> None:
        with self._lock:
            self.sent.append(Message(content["phone"], content["message"]))


@contextlib.contextmanager
def gateway(**options: Any) -> Iterator[Gateway]:
    """Serve on a free port of loopback for the length of a `with` block, whoever asks."""
    standing = Gateway(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = HELD_SECONDS

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            is_json = self.headers.get("Content-Type") == "application/json"
            content = json.loads(body) if is_json else {}
            reply = standing.answer(self.path, self.headers.get("Authorization", ""), content)
            self.close_connection = bool(reply.short_by) or reply.drips
            with contextlib.suppress(ConnectionError):  # whoever asked may have given up
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            raw = reply.raw()
            if not reply.drips:
                self.wfile.write(raw)
                return
            for byte in raw:
                self.wfile.write(bytes([byte]))
                if not standing.drip():
                    return

    with serving(Handler) as url:
        standing.url = url
        try:
            yield standing
        finally:
            standing.close()

"""A service of AWS's that answers as a test says, for what no emulator ever does."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Answer = tuple[int, dict[str, Any]]


@dataclass
class Answering:
    """A service of the JSON protocol at `url`; `respond` may be replaced at any time."""

    url: str
    respond: Callable[[str, Request], Answer]
    """From an operation such as `PutEvents` and its parameters to a status and an answer."""
    calls: list[tuple[str, Request]] = field(default_factory=list)
    """What was asked, in order."""

    def asked(self, operation: str) -> list[Request]:
        return [request for called, request in self.calls if called == operation]


@contextlib.contextmanager
def answering(respond: Callable[[str, Request], Answer]) -> Iterator[Answering]:
    """Serve on a free port of loopback for the length of a `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.calls.append((operation, request))
            status, answer = service.respond(operation, request)
            body = json.dumps(answer).encode()
            with contextlib.suppress(ConnectionError):  # whoever asked may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        service = Answering(url, respond)
        yield service


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of loopback for the length of a `with` block; the value is the URL."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def fault(code: str, status: int = 400) -> Answer:
    """Return the answer of a service that refuses a whole call."""
    return status, {"__type": code, "message": "it was refused"}

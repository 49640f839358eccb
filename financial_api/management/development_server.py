"""The server of `manage.py runserver`: Django's own, made to bear many clients at once."""

import contextlib
import threading
from concurrent.futures import Future
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer

MOST_CONNECTIONS = 512
"""How many clients are listened to at once, by a thread each; others wait to be accepted."""

WAITING_CONNECTIONS = 1024
"""How many may wait to be accepted before the kernel turns one away."""

IDLE_SECONDS = 60.0
"""How long a client may say nothing, between requests or in one, until its connection is cut."""


class Handler(WSGIRequestHandler):
    """Speaks HTTP on one connection."""

    # The head and the body of an answer are written one after the other. Nagle's algorithm would
    # hold the body back until the client acknowledges the head, which it delays by 40 ms.
    disable_nagle_algorithm = True
    error_message_format = ""  # what is no HTTP never reaches the application, and has no body
    timeout = IDLE_SECONDS

    def parse_request(self) -> bool:
        """Refuse a head with a malformed line, behind which Python's parser reads no header.

        And one with a length that is none, which Python would read its own way.
        """
        if not super().parse_request():
            return False
        length = self.headers.get("Content-Length", "0")
        if self.headers.defects or not (length.isascii() and length.isdecimal()):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def get_environ(self) -> dict[str, Any]:
        """Return what WSGI has of a request, its headers as they were sent.

        Python's names a type for a body that has none, and the first of several; and it joins
        others that came twice by a mere comma, which some may hold.
        """
        environ = super().get_environ()
        environ["CONTENT_TYPE"] = ", ".join(self.headers.get_all("Content-Type", ()))
        for name in self.headers:
            given = self.headers.get_all(name, ())
            if len(given) > 1:
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = ", ".join(given)
        return environ

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client said nothing for too long, or is gone
            super().handle()


class Server(WSGIServer):
    """Accepts connections; Django's `run` gives each a thread."""

    request_queue_size = WAITING_CONNECTIONS

    def __init__(self, address: Any, handler: Any, **options: Any) -> None:
        self._places = threading.Semaphore(MOST_CONNECTIONS)
        super().__init__(address, Handler, **options)

    def get_request(self) -> Any:
        self._places.acquire()
        try:
            return super().get_request()
        except BaseException:
            self._places.release()
            raise

    def close_request(self, request: Any) -> None:
        try:
            super().close_request(request)
        finally:
            self._places.release()


class Pool(WSGIHandler):
    """Has an application answer in so many threads of its own, as the production server does.

    What a thread keeps, such as a connection to the database, is then neither opened anew for each
    client nor there once for each; and a request's time begins when there is a thread for it.
    """

    def __init__(self, application: WSGIHandler, threads: int) -> None:
        self._application = application
        self._calls: SimpleQueue[tuple[Future[Any], Any, Any]] = SimpleQueue()
        for number in range(threads):
            threading.Thread(target=self._answer, name=f"request-{number}", daemon=True).start()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        answer: Future[Any] = Future()
        self._calls.put((answer, environ, start_response))
        return answer.result()

    def _answer(self) -> None:
        while True:
            answer, environ, start_response = self._calls.get()
            try:
                answer.set_result(self._application(environ, start_response))
            except BaseException as error:  # noqa: BLE001  # raised where the answer is awaited
                answer.set_exception(error)

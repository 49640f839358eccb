"""The parts of the development server that no answer shows."""

import socket
import threading
from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler

from financial_api.management import development_server
from financial_api.management.development_server import Handler, Pool, Server

MOST_SECONDS = 10


class Application(WSGIHandler):
    """Answers with the name of its thread, or by raising what it is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def __call__(self, environ, start_response):
        if self._error is not None:
            raise self._error
        return [threading.current_thread().name.encode()]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(development_server, "MOST_CONNECTIONS", 1)
    with Server(("127.0.0.1", 0), WSGIRequestHandler) as server:
        yield server


def client_of(server: Server) -> socket.socket:
    return socket.create_connection(server.server_address, MOST_SECONDS)


def test_the_body_of_an_answer_does_not_wait_for_its_head_to_be_acknowledged(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def look(handler: Handler) -> None:
        found.append(handler.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(Handler, "handle", look)
    with client_of(server):
        server.handle_request()

    assert found == [1]


def test_who_says_nothing_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "timeout", 0.05)
    with client_of(server) as client:
        server.handle_request()

        assert client.recv(1) == b""


def test_no_more_connections_are_accepted_than_there_are_places_for(server: Server) -> None:
    with client_of(server), client_of(server):
        first, _ = server.get_request()
        accepted = threading.Event()

        def accept() -> None:
            second, _ = server.get_request()
            accepted.set()
            server.close_request(second)

        thread = threading.Thread(target=accept)
        thread.start()
        assert not accepted.wait(0.05)
        server.close_request(first)
        assert accepted.wait(MOST_SECONDS)
        thread.join()


def test_requests_are_answered_in_the_pools_threads() -> None:
    pool = Pool(Application(), 1)

    assert [pool({}, None) for _ in range(3)] == [[b"request-0"]] * 3


def test_what_an_application_raises_is_raised_where_its_answer_is_awaited() -> None:
    pool = Pool(Application(LookupError("gone")), 1)

    for _ in range(2):
        with pytest.raises(LookupError, match="gone"):
            pool({}, None)

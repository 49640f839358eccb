"""Clients that are slow, cut off or still there when the server is asked to stop."""

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from accounts.development_tokens import issue
from tests.support.api import Api, Customer, eventually, expect
from tests.support.servers import RunningServer, running

THREADS = 64


def connect(server: RunningServer) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def begin_registering(connection: socket.socket, token: str, body: bytes = b"{}") -> None:
    """Send the headers of a registration and the first byte of its body."""
    connection.sendall(
        b"POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body[:1]
    )


def answer_on(connection: socket.socket) -> bytes:
    """Return the start of the answer, nothing when the server hung up instead."""
    with contextlib.suppress(ConnectionError):
        return connection.recv(65_536)
    return b""


@pytest.fixture
def half_sent(bare_server: RunningServer) -> Iterator[list[socket.socket]]:
    """As many half-sent requests as leave one thread of the server free."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(bare_server)) for _ in range(THREADS - 1)]
        for number, connection in enumerate(connections):
            begin_registering(connection, issue(f"slow-{number}-{time.monotonic_ns()}"))
        yield connections


def test_the_server_is_alive_while_many_bodies_are_half_sent(
    bare_server: RunningServer, half_sent: list[socket.socket]
) -> None:
    answer = httpx.get(f"{bare_server.url}/health/liveness", timeout=60)

    assert answer.status_code == 200
    assert len(half_sent) == THREADS - 1
    answered, _, _ = select.select(half_sent, [], [], 0)
    assert answered == []


def test_a_half_sent_body_may_still_be_completed(server: RunningServer, customer: Customer) -> None:
    with connect(server) as connection:
        begin_registering(connection, issue(customer.ecosystem_id))
        time.sleep(0.2)
        connection.sendall(b"}")

        answer = answer_on(connection)

    assert answer.startswith(b"HTTP/1.1 201 ")


def test_a_body_cut_off_is_never_taken_for_a_shorter_one(
    server: RunningServer, customer: Customer
) -> None:
    with connect(server) as connection:
        begin_registering(connection, issue(customer.ecosystem_id), b"  {}" + b" " * 100)
        connection.shutdown(socket.SHUT_WR)

        answer = answer_on(connection)

    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    expect(customer.post("/v1/users", {}, key=""), 201)


def test_what_is_not_http_does_not_disturb_the_server(server: RunningServer, anyone: Api) -> None:
    with connect(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
        answer_on(connection)

    expect(anyone.get("/health/liveness"), 200)


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999999", "abc", "2, 2", "+2"])
def test_a_senseless_length_is_refused(
    server: RunningServer, customer: Customer, length: str
) -> None:
    request = (
        "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {issue(customer.ecosystem_id)}\r\nContent-Length: {length}\r\n\r\n"
    )
    with connect(server) as connection:
        connection.sendall(request.encode() + b"{}")

        answer = answer_on(connection)

    assert not answer or answer.startswith(b"HTTP/1.1 400 ")


def test_a_request_under_way_is_finished_when_the_server_stops(
    environment: dict[str, str],
) -> None:
    with running(environment) as server, connect(server) as connection:
        begin_registering(connection, issue(f"patient-{time.monotonic_ns()}"))
        time.sleep(0.2)
        server.process.terminate()
        eventually(lambda: not is_listening(server))

        connection.sendall(b"}")
        answer = answer_on(connection)

        assert answer.startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(timeout=60) == 0


def is_listening(server: RunningServer) -> bool:
    try:
        connect(server).close()
    except ConnectionError:
        return False
    return True

"""Clients that ask and do not read: they keep neither memory nor a place."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.api import eventually
from tests.support.crowds import kept_request, live
from tests.support.processes import mebibytes, workers_of
from tests.support.servers import RunningServer, memory_environment, running

READERS = 64
LARGE = "/docs/swagger-ui-bundle.js"  # a mebibyte and a half
KEPT = 0.7  # of that
ASKED_OF_EACH = 8
"""More than the kernel takes for whoever does not read."""


@contextlib.contextmanager
def readers_that_do_not(server: RunningServer) -> Iterator[list[socket.socket]]:
    """Yield connections on which an answer has begun, of which nobody reads more."""
    address = urlsplit(server.url)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(socket.socket()) for _ in range(READERS)]
        for reader in readers:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(60)
            reader.connect((address.hostname, address.port))
            reader.sendall(kept_request("GET", LARGE) * ASKED_OF_EACH)
        for reader in readers:
            assert reader.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        yield readers


def test_an_answer_that_nobody_reads_is_not_in_memory_for_each() -> None:
    with memory_environment() as environment, running(environment) as server:
        [worker] = workers_of(server)
        before = mebibytes(worker, "VmRSS")

        with readers_that_do_not(server):
            assert mebibytes(worker, "VmRSS") < before + READERS * KEPT


def test_who_does_not_read_loses_its_place_to_who_comes() -> None:
    settings = {"CONNECTIONS": str(READERS), "KEEP_ALIVE_SECONDS": "2"}
    with (
        memory_environment() as environment,
        running(environment, **settings) as server,
        readers_that_do_not(server) as readers,
    ):
        assert eventually(lambda: live(server).status_code == 200)
        assert all(reader.fileno() >= 0 for reader in readers)

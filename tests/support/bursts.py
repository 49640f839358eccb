"""Many requests at the same moment, each on a connection of its own."""

import contextlib
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

THREADS = 128
MOST_SECONDS = 60.0


def burst(url: str, requests: Sequence[bytes], threads: int = THREADS) -> list[bytes]:
    """Return what each request is answered with, in order. Raises ConnectionError.

    Each thread sends all of its requests before it reads an answer, so that all are under way at
    once. A server need not keep a connection after its answer.
    """
    address = urlsplit(url)

    def send(share: Sequence[bytes]) -> list[bytes]:
        with contextlib.ExitStack() as stack:
            connections = []
            for request in share:
                connection = socket.create_connection(
                    (address.hostname, address.port), MOST_SECONDS
                )
                connections.append(stack.enter_context(connection))
                connection.sendall(request)
            return [read_all(connection) for connection in connections]

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(send, [requests[start::threads] for start in range(threads)]))
    in_order: list[bytes] = [b""] * len(requests)
    for start, share in enumerate(answers):
        in_order[start::threads] = share
    return in_order


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received

"""Ports to listen on, and what is said of one that is taken."""

import errno
import socket

HIGHEST = 65_535


def is_free(host: str, port: int) -> bool:
    """Return whether nobody listens there; also True where one cannot listen for other reasons.

    A server that shares its port, as granian does, is somebody too: a second one would start beside
    it and take every other request.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def taken(port: int, command: str) -> str:
    """Return what to tell a person who wanted to run a command on a port that is taken."""
    another = port + 1000 if port + 1000 <= HIGHEST else port - 1000
    return f"Port {port} is taken. PORT says where to listen: PORT={another} {command}"

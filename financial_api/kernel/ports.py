"""Ports to listen on, and what is said of one that is taken."""

import errno
import socket

HIGHEST = 65_535


def is_free(host: str, port: int) -> bool:
    """Return whether nobody listens there; also True where one cannot listen for other reasons."""
    error = _error_of_listening(host, port)
    return error is None or error.errno != errno.EADDRINUSE


def obstacle(host: str, port: int, command: str) -> str | None:
    """Return what to tell a person whose command cannot listen there; None where it can."""
    error = _error_of_listening(host, port)
    if error is None:
        return None
    if error.errno == errno.EADDRINUSE:
        return taken(port, command)
    return f"HOST and PORT are {host} and {port}, where one cannot listen: {error.strerror}."


def _error_of_listening(host: str, port: int) -> OSError | None:
    """Return what listening there fails with.

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
    except UnicodeError:
        return OSError(errno.EINVAL, "it is no name of a host")
    except OSError as error:
        return error
    return None


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def taken(port: int, command: str, variable: str = "PORT") -> str:
    """Return what to tell a person who wanted to run a command on a port that is taken."""
    another = port + 1000 if port + 1000 <= HIGHEST else port - 1000
    return f"Port {port} is taken. {variable} says where to listen: {variable}={another} {command}"

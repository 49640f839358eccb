"""The server's own sockets: none waits for a client for ever."""

import asyncio
import contextlib
import os
import socket

LOOK_SECONDS = 0.1
MOST_LOOKS = 100

_FILES = "/proc/self/fd"


def bound_writes(
    loop: asyncio.AbstractEventLoop, port: int, seconds: float, looks_left: int = MOST_LOOKS
) -> None:
    """Have the kernel end a connection whose client takes nothing of an answer for so long.

    granian gives such a client all the time that it wants. Its sockets are its own, and the one
    that listens is made as it begins to, so this process's are looked through until it is there:
    what it is told (tcp(7), TCP_USER_TIMEOUT) is told to those that it accepts. Other systems than
    Linux lack it.
    """
    if os.path.isdir(_FILES) and not _bound_writes(port, round(1000 * seconds)) and looks_left:
        loop.call_later(LOOK_SECONDS, bound_writes, loop, port, seconds, looks_left - 1)


def _bound_writes(port: int, milliseconds: int) -> bool:
    """Tell the sockets of a port, and return whether one of them listens."""
    listens = 0
    for number in os.listdir(_FILES):
        with (
            contextlib.suppress(OSError),  # it is no socket, or none of TCP
            socket.fromfd(int(number), socket.AF_INET, socket.SOCK_STREAM) as each,
        ):
            if each.getsockname()[1:2] == (port,):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                listens += each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return listens > 0

"""What granian's listening sockets pass on to the connections that they accept."""

import asyncio
import contextlib
import os
import socket

LOOK_SECONDS = 0.1
MOST_LOOKS = 100

_FILES = "/proc/self/fd"


def bound_writes(
    loop: asyncio.AbstractEventLoop, seconds: float, looks_left: int = MOST_LOOKS
) -> None:
    """Have the kernel end a connection whose client takes nothing of an answer for so long.

    granian gives such a client all the time that it wants. Its sockets are its own, and made as it
    begins to listen, so this process's are looked through until one listens: what it is told is
    told to those that it accepts (tcp(7), TCP_USER_TIMEOUT). Other systems than Linux lack it.
    """
    if os.path.isdir(_FILES) and not _bound_writes(round(1000 * seconds)) and looks_left:
        loop.call_later(LOOK_SECONDS, bound_writes, loop, seconds, looks_left - 1)


def _bound_writes(milliseconds: int) -> int:
    """Tell all sockets that listen, and return how many there are."""
    found = 0
    for number in os.listdir(_FILES):
        with (
            contextlib.suppress(OSError),  # it is no socket
            socket.fromfd(int(number), socket.AF_INET, socket.SOCK_STREAM) as each,
        ):
            if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                found += 1
    return found

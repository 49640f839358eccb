"""Ports on loopback."""

import random
import socket
from pathlib import Path

LOWEST = 10_000
_TAKEN_BY_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUALLY_FROM = 32_768
_chosen_by_chance = random.SystemRandom()
"""Processes of one run are seeded alike."""


def free_port() -> int:
    """Return a port that nobody listens on at this moment, and that no client comes from.

    Thousands of connections of other tests may else take it before a server does.
    """
    while True:
        port = _chosen_by_chance.randrange(LOWEST, _first_of_clients())
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _first_of_clients() -> int:
    try:
        return int(_TAKEN_BY_CLIENTS.read_text().split()[0])
    except OSError:
        return _USUALLY_FROM

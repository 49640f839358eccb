"""The server of `manage.py serve`: granian, which forks its workers from this process."""

import json
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.common import AbstractServer

HEADER_MILLISECONDS = 10_000
"""How long a client may take for the head of a request."""

STOP_SECONDS = 10
"""How long requests under way may still take once the server is told to stop."""

JSON_LINES = Path(__file__).resolve().parents[1] / "settings" / "granian_json.json"


def production_server(
    application: str, host: str, port: int, *, workers: int, threads: int, json_lines: bool = False
) -> "AbstractServer[Any]":
    """Return what serves a WSGI application, by `module:name`, until it is told to stop."""
    return Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        backpressure=2 * threads,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_dictconfig=json.loads(JSON_LINES.read_text()) if json_lines else None,
    )

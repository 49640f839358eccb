"""A PostgreSQL server for the tests: the one there is, or one of their own."""

import atexit
import functools
import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port
from tests.support.store import LeftOut

VARIABLE = "TEST_POSTGRESQL_URL"
STANDING_URL = "postgresql://postgres@127.0.0.1:5432/postgres"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
UNPRIVILEGED = "postgres"
"""Whom the server runs as when the tests run as root, which initdb refuses."""


@functools.cache
def server_url() -> str:
    """Return the URL of a server that answers, asking and starting once for each process.

    That is the one TEST_POSTGRESQL_URL names, or one that stands at 127.0.0.1:5432, or a new one
    on a free port where PostgreSQL is installed. Raises LeftOut where there is none of them.
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        connected(named).close()
        return named
    try:
        connected(STANDING_URL).close()
    except psycopg.OperationalError as error:
        return _started(error)
    return STANDING_URL


def connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=3)


def _started(reason: Exception) -> str:
    programs = _programs()
    if programs is None:
        raise LeftOut(f"none answers at {STANDING_URL} and none is installed") from reason
    folder = Path(tempfile.mkdtemp(prefix="financial-api-postgresql-"))
    as_user = _unprivileged(folder)
    port = free_port()
    making = [programs / "initdb", "--no-sync", "-D", folder / "data", "-A", "trust"]
    _run([*making, "-U", "postgres"], as_user)
    server = subprocess.Popen(
        [
            *map(str, (programs / "postgres", "-D", folder / "data", "-p", port, "-k", folder)),
            *("-h", "127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"),
        ],
        user=as_user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(_stop, server, folder)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    _wait_for(url)
    return url


def _programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed; Debian keeps it off PATH."""
    found = shutil.which("initdb")
    folders = [str(Path(found).parent)] if found else glob.glob("/usr/lib/postgresql/*/bin")
    complete = [folder for folder in folders if (Path(folder) / "postgres").exists()]
    return Path(max(complete, key=_version)) if complete else None


def _version(folder: str) -> int:
    digits = "".join(filter(str.isdigit, Path(folder).parent.name))
    return int(digits or 0)


def _unprivileged(folder: Path) -> str | None:
    """Return whom to run as, None for whoever runs the tests, and give them the folder."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise LeftOut(f"root may not run PostgreSQL and there is no user {UNPRIVILEGED}") from None
    os.chown(folder, user.pw_uid, user.pw_gid)
    return UNPRIVILEGED


def _run(command: list[Any], as_user: str | None) -> None:
    subprocess.run(
        [str(word) for word in command],
        user=as_user,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connected(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _stop(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    server.terminate()
    server.wait(STOP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)

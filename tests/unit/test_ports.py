"""A port that is taken: found out, and said, before anything is started on it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from financial_api.kernel.ports import free_port, is_free, taken
from tests.support.fork_server import FORK_SERVER
from tests.support.servers import memory_environment, running


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port that somebody listens on, and would share with whoever is ready to."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_is_free_until_somebody_listens(occupied: int) -> None:
    assert is_free("127.0.0.1", free_port())
    assert not is_free("127.0.0.1", occupied)
    assert not is_free("localhost", occupied)


def test_a_port_taken_on_one_address_is_not_free_on_all(occupied: int) -> None:
    assert not is_free("0.0.0.0", occupied)  # noqa: S104  # nothing listens there


def test_where_one_cannot_listen_at_all_is_left_to_the_server_to_say() -> None:
    assert is_free("192.0.2.1", 8000)


def test_another_port_is_proposed_that_is_one() -> None:
    assert taken(8000, "make run").endswith("PORT=9000 make run")
    assert taken(65_000, "make run").endswith("PORT=64000 make run")


@pytest.mark.parametrize(
    ("command", "target"),
    [("runserver", "run"), ("serve", "serve"), ("aws_local", "aws")],
)
def test_on_a_taken_port_a_command_ends_with_a_sentence(
    command: str, target: str, occupied: int, tmp_path: Path
) -> None:
    settings = {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.local",
        "DATA_DIR": str(tmp_path),
        "PORT": str(occupied),
        "ALLOW_MOCK_TOKENS": "on",
    }

    ran = FORK_SERVER.run(("manage.py", command), os.environ | settings)

    [line] = ran.stderr.splitlines()[-1:]
    assert f"Port {occupied} is taken" in line
    assert line.endswith(f" make {target}")
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 1


@pytest.mark.parametrize("command", ["serve", "runserver", "aws_local"])
def test_an_address_of_another_machine_is_refused_in_a_line(command: str, tmp_path: Path) -> None:
    settings = {
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.local",
        "DATA_DIR": str(tmp_path),
        "HOST": "203.0.113.5",
        "ALLOW_MOCK_TOKENS": "off",
    }

    ran = FORK_SERVER.run(("manage.py", command), os.environ | settings)

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert line.startswith("CommandError: HOST and PORT are 203.0.113.5 and 8000, where one cannot")


@pytest.mark.parametrize("command", ["serve", "runserver"])
def test_version_6_of_ip_is_served(command: str) -> None:
    with (
        memory_environment() as environment,
        running(environment, command=command, host="[::1]") as server,
    ):
        assert server.url.startswith("http://[::1]:")

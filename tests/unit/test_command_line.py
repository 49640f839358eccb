"""`manage.py`: which commands there are, and what it says of what is wrong or away."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.fork_server import FORK_SERVER, ROOT
from tests.support.interpreters import started
from tests.support.servers import running

LOCAL = {"DJANGO_SETTINGS_MODULE": "financial_api.settings.local"}
UNREACHABLE = "postgres://nobody@127.0.0.1:9/nothing"


def manage(
    *arguments: str, folder: Path, settings: str = "server", **variables: str
) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": f"financial_api.settings.{settings}",
    }
    return FORK_SERVER.run(("manage.py", *arguments), environment | variables)


def listed(text: str) -> dict[str, list[str]]:
    """Return the commands under each heading of the help."""
    groups: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            commands = groups.setdefault(line.strip("[]"), [])
        elif line.startswith("    "):
            commands.append(line.strip())
    return groups


def test_the_projects_own_commands_come_first_and_all_are_there(tmp_path: Path) -> None:
    groups = listed(manage(folder=tmp_path).stdout)

    own = {path.stem for path in ROOT.glob("[a-z]*/**/management/commands/[a-z]*.py")}
    *apps, last = groups
    assert last == "others"
    assert sorted(command for app in apps for command in groups[app]) == sorted(own)


@pytest.mark.parametrize(
    ("settings", "others"),
    [
        ("server", "check dbshell makemigrations shell spectacular sqlmigrate"),
        ("aws", "check shell spectacular"),
        ("memory", "check shell spectacular"),
    ],
    ids=["server", "aws", "memory"],
)
def test_of_djangos_commands_there_are_those_that_make_sense(
    tmp_path: Path, settings: str, others: str
) -> None:
    ran = manage("help", folder=tmp_path, settings=settings)
    names = manage("help", "--commands", folder=tmp_path, settings=settings)

    assert listed(ran.stdout)["others"] == others.split()
    assert set(others.split()) <= set(names.stdout.splitlines())


@pytest.mark.parametrize("command", ["flush", "loaddata", "diffsettings", "startapp", "test"])
def test_the_rest_is_gone(tmp_path: Path, command: str) -> None:
    ran = manage(command, folder=tmp_path)

    assert ran.returncode == 1
    assert ran.stderr == f"Unknown command: '{command}'. 'manage.py help' lists all.\n"


def test_a_misspelt_command_is_told_which_one_is_like_it(tmp_path: Path) -> None:
    ran = manage("outbox_staus", folder=tmp_path)

    assert ran.returncode == 1
    assert "Did you mean outbox_status?" in ran.stderr


@pytest.mark.parametrize("command", ["outbox_status", "outbox_redrive --all", "whatsapp_status"])
def test_a_missing_migration_is_said_in_a_line(tmp_path: Path, command: str) -> None:
    ran = manage(*command.split(), folder=tmp_path)

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert line.startswith("CommandError: Not available: the database wants `manage.py migrate`: ")
    assert ran.stdout == ""


@pytest.mark.parametrize(
    "command",
    ["migrate", "showmigrations", "outbox_status", "outbox_relay --once", "whatsapp_redrive --all"],
)
def test_a_database_that_is_away_is_said_in_a_line(tmp_path: Path, command: str) -> None:
    ran = manage(*command.split(), folder=tmp_path, DATABASE_URL=UNREACHABLE)

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert "Connection refused" in line
    assert "Traceback" not in ran.stdout


def test_a_server_without_its_tables_is_not_ready(tmp_path: Path) -> None:
    with running({"DATA_DIR": str(tmp_path), **LOCAL}) as server:
        answer = httpx.get(f"{server.url}/health/readiness")

    assert answer.status_code == 503
    assert answer.json()["dependencies"]["database"] == "unhealthy"


def test_a_file_that_is_no_database_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "financial_api.sqlite3").write_text("This is no database, but a text. " * 99)

    for command in ("migrate", "outbox_status"):
        ran = manage(command, folder=tmp_path)
        assert ran.returncode == 1
        assert ran.stderr.splitlines() == [
            "CommandError: Not available: the database says: file is not a database"
        ]


@pytest.mark.parametrize("command", ["migrate", "showmigrations", "dbshell"])
def test_where_there_is_no_database_its_commands_say_so(tmp_path: Path, command: str) -> None:
    ran = manage(command, folder=tmp_path, settings="aws")

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert line.startswith("financial_api.settings.aws has no database")


@pytest.mark.parametrize(
    "module", ["financial_api.settings.prod", "financial_api.settings", "docs"]
)
@pytest.mark.parametrize("command", ["serve", "outbox_status", "help"])
def test_settings_that_are_not_there_are_said_in_a_line(
    tmp_path: Path, module: str, command: str
) -> None:
    ran = manage(command, folder=tmp_path, DJANGO_SETTINGS_MODULE=module)

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"DJANGO_SETTINGS_MODULE is '{module}': ")


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "often"])
def test_nobody_watches_without_a_pause(tmp_path: Path, seconds: str) -> None:
    ran = manage("outbox_status", "--watch", seconds, folder=tmp_path)

    assert ran.returncode == 2
    assert "argument --watch: valid are 0.1 to 86400 seconds" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_backend_that_does_not_exist_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "of_a_test.py").write_text(
        "from financial_api.settings.memory import *\n"
        'EVENTS = {"BACKEND": "infra_backends.events.pigeon"}\n'
    )
    environment = {
        "DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "of_a_test",
    }
    ran = started(("manage.py", "check"), environment)

    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert "infra_backends.events.pigeon" in line
    assert "infra_backends.events.eventbridge" in line

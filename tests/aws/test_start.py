"""What must be there is asked for before anything is served, in a line that says what to export."""

import contextlib
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_backends.aws.names import Names
from tests.support.emulators import CREDENTIALS, Emulator
from tests.support.fork_server import FORK_SERVER
from tests.support.interpreters import started
from tests.support.lacking import ENDPOINT, bare_shell, whole_shell
from tests.support.ports import free_port
from tests.support.servers import provisioned, running

SERVE = ("manage.py", "serve")
RUNSERVER = ("manage.py", "runserver")
WORKER = ("-m", "celery", "-A", "financial_api", "worker")
RESET = ("manage.py", "localstack_reset")
STATUS = ("manage.py", "outbox_status")

Environment = dict[str, str]


@pytest.fixture
def shell(tmp_path: Path) -> Environment:
    return bare_shell(str(tmp_path))


@pytest.fixture
def on_aws(tmp_path: Path, aws: Emulator) -> Environment:
    return whole_shell(str(tmp_path), aws)


def lines_of(command: tuple[str, ...], environment: Environment) -> list[str]:
    """Return what a command says that does not start."""
    ran = FORK_SERVER.run(command, environment)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout == ""
    return ran.stderr.splitlines()


def named_in(lines: list[str]) -> list[str]:
    """Return which settings the lines name, each of which says what to export."""
    assert [line for line in lines if "export" not in line] == []
    return [line.split(" ")[0] for line in lines]


@pytest.mark.parametrize("command", [SERVE, RUNSERVER], ids=["serve", "runserver"])
def test_a_server_names_all_that_is_missing(shell: Environment, command: tuple[str, ...]) -> None:
    lines = lines_of(command, shell)

    assert named_in(lines) == ["SECRET_KEY", ENDPOINT, "AWS_REGION", "AWS_ACCESS_KEY_ID"]


def test_so_does_a_reset(shell: Environment) -> None:
    shell["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.local"

    assert named_in(lines_of(RESET, shell)) == [ENDPOINT, "AWS_REGION", "AWS_ACCESS_KEY_ID"]


def test_a_reset_never_works_on_aws_itself(shell: Environment) -> None:
    [line] = lines_of(RESET, shell | CREDENTIALS | {"AWS_REGION": "us-east-1"})

    assert "no emulators on this machine" in line
    assert f"export {ENDPOINT}=http://127.0.0.1:4566" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_PREFIX", ""),
        ("AWS_PREFIX", "a/b"),
        ("AWS_REGION", "europe"),
        ("AWS_ENDPOINT_URL_SQS", "127.0.0.1:4566"),
    ],
)
def test_what_provisions_by_itself_judges_the_same(
    on_aws: Environment, name: str, value: str
) -> None:
    [line] = lines_of(("-m", "infra_backends.aws.provisioning"), on_aws | {name: value})

    assert line.startswith(f"{name} is ")


def test_sqs_is_no_broker_without_its_queue(on_aws: Environment) -> None:
    del on_aws["CELERY_QUEUE_URL"]

    [line] = lines_of(SERVE, on_aws | {"CELERY_BROKER_URL": "sqs://"})

    assert line == "CELERY_BROKER_URL is SQS, which needs CELERY_QUEUE_URL."


@pytest.mark.parametrize("command", [SERVE, RUNSERVER], ids=["serve", "runserver"])
@pytest.mark.parametrize("missing", ["SECRET_KEY", "AWS_REGION", "AWS_ACCESS_KEY_ID"])
def test_a_server_names_the_one_thing_that_is_missing(
    on_aws: Environment, command: tuple[str, ...], missing: str
) -> None:
    del on_aws[missing]

    assert named_in(lines_of(command, on_aws)) == [missing]


@pytest.mark.parametrize("command", [SERVE, RUNSERVER], ids=["serve", "runserver"])
def test_a_server_wants_a_pool_that_the_environment_or_ssm_names(
    on_aws: Environment, command: tuple[str, ...]
) -> None:
    del on_aws["COGNITO_USER_POOL_ID"], on_aws["COGNITO_CLIENT_ID"]

    [line] = lines_of(command, on_aws)

    assert named_in([line]) == ["COGNITO_USER_POOL_ID"]
    assert f"{Names(on_aws['AWS_PREFIX']).parameters}cognito/userPoolId" in line
    assert "aws_provision" in line


def test_half_of_the_credentials_are_none(on_aws: Environment) -> None:
    del on_aws["AWS_SECRET_ACCESS_KEY"]

    assert named_in(lines_of(SERVE, on_aws)) == ["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("keys", [{}, CREDENTIALS], ids=["no keys", "keys"])
@pytest.mark.parametrize(
    "command", [SERVE, ("manage.py", "outbox_status")], ids=["serve", "outbox_status"]
)
def test_a_profile_that_is_not_there_is_named(
    on_aws: Environment, command: tuple[str, ...], keys: Environment
) -> None:
    for name in CREDENTIALS:
        del on_aws[name]

    [line] = lines_of(command, on_aws | keys | {"AWS_PROFILE": "nobodys"})

    assert line.startswith("AWS_PROFILE")
    assert "nobodys" in line


def test_a_file_of_profiles_that_cannot_be_read_is_named(
    on_aws: Environment, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("nothing that is a profile")

    [line] = lines_of(SERVE, on_aws | {"AWS_CONFIG_FILE": str(tmp_path / "config")})

    assert str(tmp_path / "config") in line


@pytest.fixture
def silent() -> Iterator[str]:
    """Where a machine's role would be asked for, and nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def is_running(program: str) -> bool:
    """Return whether a process of this command line is there."""
    wanted = "\0".join([*program.split(), ""]).encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes() == wanted:
                return True
    return False


@pytest.mark.parametrize("command", [SERVE, WORKER], ids=["serve", "worker"])
def test_a_program_that_hangs_is_named_and_does_not_outlive_the_start(
    on_aws: Environment, tmp_path: Path, command: tuple[str, ...]
) -> None:
    for name in CREDENTIALS:
        del on_aws[name]
    program = f"/bin/sleep 60.{secrets.randbelow(10**9)}"
    (tmp_path / "script").write_text(f"#!/bin/sh\n{program}\necho done\n")
    (tmp_path / "script").chmod(0o700)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {tmp_path}/script\n")

    lines = lines_of(command, on_aws | {"AWS_CONFIG_FILE": str(tmp_path / "config")})

    assert "credential_process does not end" in lines[-1]
    assert not is_running(program)


@pytest.mark.parametrize(
    "program",
    [
        "/nonexistent/program",
        "/bin/false",
        "/bin/echo hunter2",
        "/bin/sh -c 'echo hunter2 >&2; exit 1'",
    ],
)
@pytest.mark.parametrize("command", [SERVE, WORKER], ids=["serve", "worker"])
def test_a_program_that_gives_no_credentials_is_told_in_a_line(
    on_aws: Environment, tmp_path: Path, command: tuple[str, ...], program: str
) -> None:
    for name in CREDENTIALS:
        del on_aws[name]
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {program}\n")

    lines = lines_of(command, on_aws | {"AWS_CONFIG_FILE": str(tmp_path / "config")})

    assert named_in(lines[-1:]) == ["AWS_ACCESS_KEY_ID"]
    assert len(lines) == (2 if command is WORKER else 1)
    assert "hunter2" not in lines[-1]


def test_a_service_that_is_silent_of_a_role_gives_none(
    on_aws: Environment, tmp_path: Path, silent: str
) -> None:
    for name in CREDENTIALS:
        del on_aws[name]
    (tmp_path / "token").write_text("a token")
    of_a_role = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/api",
        f"{ENDPOINT}_STS": silent,
    }

    assert named_in(lines_of(SERVE, on_aws | of_a_role)) == ["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_key_that_no_header_can_hold_is_refused(on_aws: Environment, name: str) -> None:
    [line] = lines_of(SERVE, on_aws | {name: "hunter2\n"})

    assert line.startswith(f"{name} is ")
    assert "hunter2" not in line


def test_a_check_that_fails_stops_a_worker(on_aws: Environment, tmp_path: Path) -> None:
    """Celery goes on after an error in a handler of a signal, as this check is one."""
    (tmp_path / "of_a_test.py").write_text(
        'from financial_api.settings.aws import *\nEVENTS = {"BACKEND": "of_a_test_backend"}\n'
    )
    (tmp_path / "of_a_test_backend.py").write_text(
        "from infra_backends.events.local import Backend as Local\n"
        "class Backend(Local):\n"
        "    def missing(self):\n"
        '        raise ZeroDivisionError("of a test")\n'
    )
    mine = {"DJANGO_SETTINGS_MODULE": "of_a_test", "PYTHONPATH": str(tmp_path)}

    ran = started(WORKER, on_aws | mine)

    assert ran.returncode == 1
    assert "the worker cannot tell whether it may start" in ran.stderr


def test_a_machine_that_says_nothing_of_a_role_gives_none(on_aws: Environment, silent: str) -> None:
    for name in (*CREDENTIALS, "AWS_EC2_METADATA_DISABLED"):
        del on_aws[name]

    lines = lines_of(SERVE, on_aws | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": silent})

    assert named_in(lines) == ["AWS_ACCESS_KEY_ID"]


def test_an_ssm_that_does_not_answer_holds_nobody_up(
    on_aws: Environment, silent: str, aws: Emulator
) -> None:
    del on_aws["COGNITO_USER_POOL_ID"], on_aws["COGNITO_CLIENT_ID"]
    away = on_aws | {f"{ENDPOINT}_SSM": silent}
    aside = {"ALLOW_MOCK_TOKENS": "off", "ALLOW_CLEANUP": "off"}

    with running(away, **aside) as server:
        assert "the user pool is not known yet" in server.log.read_text()


@pytest.mark.parametrize(
    ("module", "missing"), [("aws", "CELERY_QUEUE_URL"), ("local", "CELERY_BROKER_URL")]
)
def test_a_worker_names_its_broker_and_the_settings_it_took(
    on_aws: Environment, module: str, missing: str
) -> None:
    del on_aws["CELERY_QUEUE_URL"]
    on_aws["DJANGO_SETTINGS_MODULE"] = f"financial_api.settings.{module}"

    settings, *lines = lines_of(WORKER, on_aws)

    assert settings == f"The worker takes financial_api.settings.{module} (DJANGO_SETTINGS_MODULE)."
    assert named_in(lines) == [missing]


def test_a_worker_takes_the_settings_for_development_unless_it_is_told(shell: Environment) -> None:
    del shell["DJANGO_SETTINGS_MODULE"]

    settings, line = lines_of(WORKER, shell)

    assert settings == "The worker takes financial_api.settings.local (DJANGO_SETTINGS_MODULE)."
    assert named_in([line]) == ["CELERY_BROKER_URL"]


def test_a_worker_names_all_that_is_missing(shell: Environment) -> None:
    _, *lines = lines_of(WORKER, shell)

    assert named_in(lines) == ["CELERY_QUEUE_URL", ENDPOINT, "AWS_REGION", "AWS_ACCESS_KEY_ID"]


def test_a_worker_needs_no_secret_key_and_no_pool(on_aws: Environment) -> None:
    for name in ("SECRET_KEY", "COGNITO_USER_POOL_ID", "COGNITO_CLIENT_ID", *CREDENTIALS):
        del on_aws[name]

    _, *lines = lines_of(WORKER, on_aws)

    assert named_in(lines) == ["AWS_ACCESS_KEY_ID"]


def test_what_an_operator_asks_needs_no_secret_key_and_no_pool(aws: Emulator) -> None:
    with provisioned(aws) as environment:
        ran: subprocess.CompletedProcess[str] = FORK_SERVER.run(
            STATUS,
            {name: text for name, text in environment.items() if not name.startswith("COGNITO")},
        )

    assert ran.returncode in {0, 3, 4, 7}
    assert ran.stdout.startswith("shard")


@pytest.mark.parametrize(
    "command",
    ["outbox_status", "outbox_redrive --all", "whatsapp_status", "whatsapp_redrive --all"],
)
def test_an_operator_is_told_in_a_line_what_is_away(on_aws: Environment, command: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    [line] = lines_of(("manage.py", *command.split()), on_aws | {f"{ENDPOINT}_DYNAMODB": nobody})

    assert line.startswith("CommandError: Not available: dynamodb ")


@pytest.mark.parametrize("command", ["outbox_status", "outbox_redrive --all", "whatsapp_status"])
def test_an_operator_is_told_in_a_line_that_nothing_is_provisioned(
    on_aws: Environment, command: str
) -> None:
    [line] = lines_of(("manage.py", *command.split()), on_aws)

    assert re.match(r"CommandError: Not available: dynamodb \w+: ResourceNotFoundException: ", line)
    assert "`manage.py aws_provision`" in line


def test_who_wants_a_token_is_told_that_credentials_are_missing(on_aws: Environment) -> None:
    for name in CREDENTIALS:
        del on_aws[name]

    [line] = lines_of(("manage.py", "cognito_token", "--username", "user@test.com"), on_aws)

    assert line.startswith("CommandError: AWS_ACCESS_KEY_ID and ")

"""`make aws`: the whole service on an emulator, up by one command and gone by Ctrl-C."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess

import boto3
import httpx
import pytest

from infra_backends.aws.names import EVENT_SOURCE, Names
from infra_backends.management.commands.aws_local import USUAL_PORT
from tests.support import local_aws
from tests.support.emulators import CREDENTIALS, MINISTACK, REGION
from tests.support.local_aws import ROOT
from tests.support.store import LEFT_OUT


@pytest.fixture(autouse=True)
def emulator():
    """Leave these tests out, and say so, where there is no emulator."""
    if not MINISTACK.exists():
        pytest.skip(f"{LEFT_OUT}: `make aws`, since the AWS emulator is not installed")


def ask(here, method, path, token):
    return httpx.request(
        method, here.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )


def first_message(here):
    """Wait for a message in the queue that the rule feeds; return its body."""
    sqs = boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url=here.exports()["AWS_ENDPOINT_URL"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        url = sqs.get_queue_url(QueueName=Names().events_queue)["QueueUrl"]
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        return json.loads(message["Body"])
    finally:
        sqs.close()


def test_one_command_starts_everything_and_one_signal_stops_it(tmp_path):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # or somebody else has it
            stack.enter_context(socket.create_server(("127.0.0.1", USUAL_PORT)))
        with local_aws.running(tmp_path, EMULATOR_PORT=None) as here:
            said = here.said()
            assert said.startswith(f"Port {USUAL_PORT} is taken")
            assert said.index("Provisioning") < said.index("AWS resources") < said.index("export")
            assert f"{here.url}/docs" in said
            assert f"curl -X POST {here.url}/v1/users" in said
            assert not [line for line in said.splitlines() if line.startswith("{")]

            demo = here.manage("mock_token", "--ecosystem-id", "demo-user-001")
            assert ask(here, "GET", "/v1/dashboard", demo).status_code == 200
            assert first_message(here)["source"] == EVENT_SOURCE

            token = here.manage("cognito_token", "--username", "user@test.com")
            assert ask(here, "POST", "/v1/users", token).status_code == 201
            assert ask(here, "GET", "/v1/dashboard", token).status_code == 200
            admin = here.manage("cognito_token", "--username", "admin@test.com")
            assert ask(here, "POST", "/v1/users", admin).status_code == 201
            assert ask(here, "GET", "/v1/admin/card-requests", admin).status_code == 200

            here.manage("localstack_reset")
            new = here.manage("cognito_token", "--username", "user@test.com")
            assert ask(here, "POST", "/v1/users", new).status_code == 201

            assert here.stop(signal.SIGINT) == 0
            assert here.left() == {}
    assert not list(tmp_path.glob("aws*"))


def test_what_is_to_persist_does_and_the_end_of_one_part_is_the_end_of_all(tmp_path):
    folder = tmp_path / "kept"
    with local_aws.running(tmp_path, PERSIST=str(folder)) as here:
        token = here.manage("cognito_token", "--username", "user@test.com")
        assert ask(here, "POST", "/v1/users", token).status_code == 201
        assert here.stop(signal.SIGTERM) == 0
        assert here.left() == {}

    with local_aws.running(tmp_path, PERSIST=str(folder)) as again:
        assert re.search(r"^AWS resources: \d+ unchanged\.$", again.said(), re.MULTILINE)
        token = again.manage("cognito_token", "--username", "user@test.com")
        assert ask(again, "GET", "/v1/dashboard", token).status_code == 200
        os.kill(again.pid_of("celery"), signal.SIGKILL)
        assert again.process.wait(local_aws.STOP_SECONDS) == 1
        assert "the worker ended with status -9, so all the rest was stopped" in again.said()
        assert again.left() == {}


def test_the_emulator_alone_is_provisioned_and_says_what_to_export(tmp_path):
    with local_aws.started(tmp_path, "--emulator-only") as here:
        local_aws.wait_until(here, lambda: "Ctrl-C stops it" in here.said())
        exports = here.exports()
        assert exports["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{here.emulator_port}"
        assert here.manage("cognito_token", "--username", "user@test.com")
        assert here.manage("outbox_status").startswith("shard")
        assert "/v1/" not in here.said()
        assert here.stop(signal.SIGINT) == 0
        assert here.left() == {}


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with local_aws.started(tmp_path, EMULATOR_PORT=port) as here:
            assert here.process.wait(local_aws.STOP_SECONDS) == 1
            [line] = here.said().splitlines()
            assert line.startswith(f"CommandError: Port {port} is taken. EMULATOR_PORT says where")


@pytest.mark.parametrize(
    ("target", "option"), [("aws", ""), ("emulator", "--emulator-only ")], ids=["aws", "emulator"]
)
def test_make_runs_the_command_on_the_settings_that_need_nothing(target, option):
    made = ("--assume-old=.venv/.ready", "--assume-old=.emulator/.ready")
    ran = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", *made, target],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "MAKEFLAGS"},
        capture_output=True,
        text=True,
    )
    assert ran.stdout.splitlines()[-1] == (
        f"exec .venv/bin/python manage.py aws_local {option}--settings=financial_api.settings.local"
    )

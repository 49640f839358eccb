"""Of what a run makes on an emulator that is named to it nothing stays, and of others' all does."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import boto3
import pytest

from infra_backends.aws.provisioning.changes import Outcome
from tests.aws.installations import altered, installation
from tests.support import tidiness
from tests.support.answering import serving
from tests.support.emulators import ENDPOINT, REGION, ROOT, Emulator
from tests.support.ports import free_port


@dataclass(frozen=True, slots=True)
class Listener:
    """What refuses every call, under an address on loopback and one that is not."""

    url: str
    connections: list[bytes] = field(default_factory=list)
    """What each began with, in order."""

    @property
    def elsewhere(self) -> str:
        return self.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            super().setup()
            listener.connections.append(self.connection.recv(3, socket.MSG_PEEK))

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        listener = Listener(url)
        yield listener


def run(*arguments: str, **named: str) -> "subprocess.CompletedProcess[str]":
    """Run a few tests where no emulator is named but these, and of this run nothing."""
    command = [sys.executable, "-m", "pytest", "tests/unit/test_ids.py", *arguments]
    ours = ("TEST_", ENDPOINT)
    others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        command, cwd=ROOT, env=others | named, capture_output=True, text=True, timeout=60
    )


@pytest.mark.usefixtures("stacks")
@pytest.mark.parametrize("way", ["provisioned", "stacked"])
def test_what_begins_with_its_name_goes_and_nothing_else(
    aws: Emulator, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with installation(aws) as other:
        other.provision()
        with installation(aws) as here:
            if way == "stacked":
                here.stack()
            here.provision()
            monkeypatch.setattr(tidiness, "RUN", here.names.prefix.strip("-"))
            tidiness.leave_nothing({"AWS_ENDPOINT_URL": aws.url, **aws.elsewhere})
            assert Outcome.UNCHANGED not in {change.outcome for change in here.provision()}
        assert altered(other.provision()) == {}


def test_a_run_deletes_at_its_end_what_one_of_its_prefix_left(aws: Emulator) -> None:
    prefix = f"test{secrets.token_hex(4)}"
    parameter = f"/{prefix}-left/by-one-that-was-killed"
    where = {"region_name": REGION, "endpoint_url": aws.url_of("ssm")}
    with contextlib.closing(boto3.client("ssm", **where)) as ssm:
        ssm.put_parameter(Name=parameter, Value="here", Type="String")

        ended = run(**{"TEST_RUN": prefix, ENDPOINT: aws.url, **aws.elsewhere})

        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ssm.get_parameters(Names=[parameter])["InvalidParameters"] == [parameter]


def test_a_run_that_is_named_another_machine_is_refused_and_calls_nobody(
    listener: Listener,
) -> None:
    service = f"{ENDPOINT}_SQS"
    line = f"ERROR: {service} is {listener.elsewhere}, and not on this machine's loopback"

    ended = run(**{ENDPOINT: listener.url, service: listener.elsewhere})

    assert (ended.stdout + ended.stderr).strip() == line
    assert listener.connections == []


def test_nothing_is_deleted_on_another_machine(listener: Listener) -> None:
    with pytest.raises(pytest.UsageError, match="not on this machine's loopback"):
        tidiness.leave_nothing({ENDPOINT: listener.url, f"{ENDPOINT}_SSM": listener.elsewhere})
    assert listener.connections == []


@pytest.mark.parametrize("prefix", ["", "acme-", "test", "test1a2b3c4d-"])
def test_what_is_no_prefix_of_a_run_is_refused(listener: Listener, prefix: str) -> None:
    line = f"ERROR: TEST_RUN is {prefix!r}, and not a run's prefix such as test1a2b3c4d"

    ended = run(**{ENDPOINT: listener.url, "TEST_RUN": prefix})

    assert (ended.stdout + ended.stderr).strip() == line
    assert listener.connections == []


def test_where_nobody_answers_a_run_is_refused_in_a_line(listener: Listener) -> None:
    service, nobody = f"{ENDPOINT}_DYNAMODB", f"http://127.0.0.1:{free_port()}"
    line = f"ERROR: {service}: nobody answers at {nobody}"

    ended = run(**{ENDPOINT: listener.url, service: nobody})

    assert (ended.stdout + ended.stderr).strip() == line
    assert listener.connections == [b"GET"], "more than whether it is there was asked"


def test_a_run_that_could_not_begin_deletes_nothing(listener: Listener) -> None:
    ended = run(f"--log-file={ROOT}", **{ENDPOINT: listener.url})

    assert "IsADirectoryError" in ended.stdout + ended.stderr
    assert listener.connections == [b"GET"], "more than whether it is there was asked"

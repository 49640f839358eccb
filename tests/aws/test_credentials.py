"""Credentials that end, from real sources: a program, and a service as containers have it."""

import json
import stat
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from financial_api.kernel import clock, deadline
from financial_api.kernel.clock import SystemClock
from infra_backends.aws import access
from infra_backends.exceptions import BackendUnavailable
from tests.support.answering import serving
from tests.support.api import Customer, eventually, expect
from tests.support.caches import settle
from tests.support.emulators import CREDENTIALS, REGION, ministack
from tests.support.servers import provisioned, running

LONGEST_ANSWER_SECONDS = 5.0
VALID_SECONDS = 20.0


def given(seconds: float) -> dict[str, Any]:
    """Return credentials that end so many seconds from now, in the words of either source."""
    ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "Version": 1,
        "AccessKeyId": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        "Token": "a token",
        "SessionToken": "a token",
        "Expiration": ends_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


class Giver(ABC):
    """A source of credentials, and the environment in which it is asked."""

    environment: dict[str, str]

    @abstractmethod
    def give(self, answer: str) -> None:
        """Answer so from now on."""

    @abstractmethod
    def go_on_giving(self, seconds: float) -> None:
        """Give credentials that end so many seconds after they were asked for."""

    @abstractmethod
    def hang(self) -> None:
        """Answer nothing from now on."""

    @abstractmethod
    def fail(self) -> None: ...

    @abstractmethod
    def asked(self) -> int: ...


class Program(Giver):
    """A `credential_process`."""

    def __init__(self, folder: Path) -> None:
        self._does, self._log = folder / "does", folder / "log"
        program, config = folder / "program", folder / "config"
        program.write_text(f"#!/bin/sh\necho >> {self._log}\n. {self._does}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        config.write_text(f"[default]\ncredential_process = {program}\n")
        self._log.touch()
        self.environment = {"AWS_CONFIG_FILE": str(config)}

    def give(self, answer: str) -> None:
        self._do(f"echo '{answer}'")

    def go_on_giving(self, seconds: float) -> None:
        before, after = json.dumps(given(seconds) | {"Expiration": "|"}).split("|")
        self._do(f"echo '{before}'$(date -u -d '+{seconds:.0f} seconds' +%FT%TZ)'{after}'")

    def hang(self) -> None:
        self._do("exec sleep 60")

    def fail(self) -> None:
        self._do("echo a secret; exit 3")

    def asked(self) -> int:
        return len(self._log.read_text())

    def _do(self, line: str) -> None:
        """Write it at once, since the program may be running."""
        new = self._does.with_suffix(".new")
        new.write_text(line + "\n")
        new.rename(self._does)


class Container(Giver):
    """What a task of ECS, or a pod, is told to ask."""

    def __init__(self, url: str) -> None:
        self.environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}
        self.status, self.body, self.seconds = 200, b"", 0.0
        self.gate = threading.Event()
        self.requests = 0

    def give(self, answer: str) -> None:
        self.status, self.body, self.seconds = 200, answer.encode(), 0.0
        self.gate.set()

    def go_on_giving(self, seconds: float) -> None:
        self.give("")
        self.seconds = seconds

    def hang(self) -> None:
        self.gate.clear()

    def fail(self) -> None:
        self.status = 500
        self.gate.set()

    def asked(self) -> int:
        return self.requests


@pytest.fixture(params=["program", "container"])
def giver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Giver]:
    if request.param == "program":
        yield Program(tmp_path)
        return

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            container.requests += 1
            container.gate.wait(60)
            if container.seconds:
                container.body = json.dumps(given(container.seconds)).encode()
            try:
                self.send_response(container.status)
                self.send_header("Content-Length", str(len(container.body)))
                self.end_headers()
                self.wfile.write(container.body)
            except ConnectionError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        container = Container(url)
        yield container
        container.gate.set()


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing gives credentials."""
    return {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
        "HOME": str(tmp_path),
    }


@pytest.fixture
def session(bare: dict[str, str], giver: Giver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The session of a process that begins now, with the giver for its only source."""
    for name in (*CREDENTIALS, "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (bare | giver.environment).items():
        monkeypatch.setenv(name, value)
    access.session.cache_clear()
    yield access.session()
    settle()
    access.session.cache_clear()


def asked_for(session: Any) -> Any:
    with deadline.within(deadline.REQUEST_SECONDS):
        return session.get_credentials().get_frozen_credentials()


def break_down(giver: Giver, how: str) -> None:
    if how == "hang":
        giver.hang()
    elif how == "fail":
        giver.fail()
    else:
        answers = {
            "nonsense": "<html>",
            "a list": "[1]",
            "none": "{}",
            "expired": json.dumps(given(-60)),
        }
        giver.give(answers[how])


WAYS = ["hang", "fail", "nonsense", "a list", "none", "expired"]


@pytest.mark.parametrize("how", WAYS)
def test_whatever_is_wrong_with_the_source_it_is_away(session: Any, giver: Giver, how: str) -> None:
    break_down(giver, how)
    since = time.monotonic()
    with pytest.raises(BackendUnavailable) as caught:
        asked_for(session)
    assert time.monotonic() - since < LONGEST_ANSWER_SECONDS
    assert "secret" not in str(caught.value)


def test_one_call_of_the_source_serves_all_clients_while_it_is_young(
    session: Any, giver: Giver
) -> None:
    giver.give(json.dumps(given(3600)))
    clients = [session.create_client(name, REGION) for name in ("dynamodb", "ssm", "events")]
    for client in clients:
        assert client._request_signer._credentials.get_frozen_credentials().token == "a token"
        client.close()
    assert giver.asked() == 1


def test_they_are_renewed_ahead_while_the_old_ones_sign(session: Any, giver: Giver) -> None:
    giver.give(json.dumps(given(3600)))
    first = asked_for(session)
    with clock.installed(ShiftedClock(3600 - 899)):
        giver.hang()
        assert asked_for(session) == first
        eventually(lambda: giver.asked() > 1)
        giver.give(json.dumps(given(7200) | {"AccessKeyId": "another"}))
        settle()
    with clock.installed(ShiftedClock(3600 - 889)):
        eventually(lambda: asked_for(session).access_key == "another")


class ShiftedClock(SystemClock):
    """The machine's clock so many seconds on, also for durations."""

    def __init__(self, seconds: float) -> None:
        super().__init__(timedelta(seconds=seconds))
        self._seconds = seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._seconds


def test_those_of_the_environment_are_read_once_and_in_no_time(
    session: Any, giver: Giver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    before = asked_for(session)
    threads = threading.active_count()
    with clock.installed(ShiftedClock(10 * 365 * 86_400)):
        assert all(asked_for(session) is before for _ in range(1000))
    assert threading.active_count() <= threads
    assert giver.asked() == 0


@pytest.mark.parametrize("how", ["hang", "fail"])
def test_purchases_go_on_until_the_old_ones_end_and_again_when_the_source_is_back(
    giver: Giver, bare: dict[str, str], how: str
) -> None:
    with ministack() as emulator, provisioned(emulator) as environment:
        without = environment | dict.fromkeys(CREDENTIALS, "") | bare | giver.environment
        giver.go_on_giving(VALID_SECONDS)
        with running(without, THROTTLE="off") as server:
            customer = Customer(server.url)
            card = customer.card()
            break_down(giver, how)
            asked = giver.asked()
            eventually(lambda: expect(buy(customer, card), 201) and giver.asked() > asked)
            eventually(lambda: buy(customer, card).status_code == 503)
            for _ in range(3):
                expect(buy(customer, card), 503)
            giver.give(json.dumps(given(3600)))
            eventually(lambda: buy(customer, card).status_code == 201)
            customer.close()


def buy(customer: Customer, card: str) -> httpx.Response:
    since = time.monotonic()
    answer = customer.buy(card, 1)
    assert time.monotonic() - since < LONGEST_ANSWER_SECONDS
    assert answer.status_code in {201, 503}, answer.text
    return answer

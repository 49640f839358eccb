"""The settings module for AWS: what it needs and refuses, and that there is no database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.emulators import Emulator
from tests.support.servers import ROOT, provisioned

BUY = """
import json, sys
connected = []
CONNECTING = {"socket.connect", "sqlite3.connect"}
sys.addaudithook(
    lambda event, args: connected.append(args[-1]) if event in CONNECTING else None
)
import django
django.setup()

import httpx
from django.conf import settings
from django.db import connections
from accounts.development_tokens import issue
from financial_api.wsgi import application

token = f"Bearer {issue('user-001')}"
client = httpx.Client(
    transport=httpx.WSGITransport(application),
    base_url="http://localhost",
    headers={"Authorization": token},
)
client.post("/v1/users", json={}).raise_for_status()
wish = {"productId": "default-credit-card"}
answer = client.post("/v1/cards/requests", json=wish, headers={"Idempotency-Key": "1"})
card = answer.raise_for_status().json()["request"]["card"]["cardId"]
path = f"/v1/cards/{card}/transactions/purchases"
client.post(path, json={"amount": 5}, headers={"Idempotency-Key": "2"}).raise_for_status()
print(json.dumps({
    "connected": connected,
    "opened": [one.alias for one in connections.all() if one.connection is not None],
    "apps": settings.INSTALLED_APPS,
    "databases": list(settings.DATABASES.values()),
    "modules": sorted(sys.modules),
}))
"""
SHOW = """
import json, django
django.setup()
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in (%s)}, default=str))
"""
NEVER_LOADED = {
    "django.contrib.auth.models",
    "django.contrib.contenttypes.models",
    "django.contrib.sessions.models",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "infra_backends.persistence.orm",
    "sqlite3",
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(aws: Emulator) -> Iterator[dict[str, str]]:
    with provisioned(aws) as environment:
        yield environment


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs a program with the settings and returns what came of it; None takes a variable away."""

    def run(program: str, **settings: str | None) -> "subprocess.CompletedProcess[str]":
        given = os.environ | environment | settings
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={name: value for name, value in given.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def shown(done: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def setting(run: Run, name: str, **settings: str | None) -> object:
    return shown(run(SHOW % repr((name,))[1:-1], **settings))[name]


def test_a_purchase_opens_no_database_and_talks_to_aws_alone(
    run: Run, environment: dict[str, str]
) -> None:
    done = shown(run(BUY, ALLOW_MOCK_TOKENS="on", LISTEN_ADDRESS="127.0.0.1"))

    aws = urlsplit(environment["AWS_ENDPOINT_URL"])
    assert done["opened"] == []
    assert {tuple(address) for address in done["connected"]} == {(aws.hostname, aws.port)}
    assert NEVER_LOADED & set(done["modules"]) == set()
    assert all(database["ENGINE"].endswith(".dummy") for database in done["databases"])
    assert not [app for app in done["apps"] if app.startswith("django.") or app.endswith(".orm")]


def test_a_region_and_a_prefix_reach_every_backend(run: Run) -> None:
    for name in ("PERSISTENCE", "IDENTITY", "EVENTS", "REMOTE_CONFIG"):
        backend = setting(run, name, AWS_REGION="eu-west-1", AWS_PREFIX="acme-test-")
        assert backend["OPTIONS"]["REGION"] == "eu-west-1"
    assert setting(run, "PERSISTENCE", AWS_PREFIX="blue-")["OPTIONS"]["PREFIX"] == "blue-"
    assert setting(run, "EVENTS", AWS_PREFIX="blue-")["OPTIONS"]["BUS"] == "blue-financial-events"
    path = setting(run, "REMOTE_CONFIG", AWS_PREFIX="blue-")["OPTIONS"]["PATH"]
    assert path == "/blue/financial-api/"


def test_development_tokens_are_off_unless_they_are_asked_for(run: Run) -> None:
    assert setting(run, "ALLOW_MOCK_TOKENS", ALLOW_MOCK_TOKENS=None) is False


def test_development_tokens_are_refused_on_aws_itself(run: Run) -> None:
    refused = run(SHOW % "'IDENTITY',", ALLOW_MOCK_TOKENS="on", AWS_ENDPOINT_URL=None)

    assert refused.returncode != 0
    assert "ALLOW_MOCK_TOKENS" in refused.stderr


def test_on_an_emulator_a_secret_key_is_made_and_kept(run: Run) -> None:
    first = setting(run, "SECRET_KEY", SECRET_KEY=None)

    assert len(str(first)) > 40
    assert setting(run, "SECRET_KEY", SECRET_KEY=None) == first


def test_on_aws_itself_the_secret_key_must_be_given(run: Run) -> None:
    away = {"AWS_ENDPOINT_URL": None, "SECRET_KEY": None}

    refused = run(SHOW % "'SECRET_KEY',", **away)

    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr


def test_an_unknown_transport_is_refused_with_those_there_are(run: Run) -> None:
    refused = run(SHOW % "'EVENTS',", EVENT_TRANSPORT="pigeon")

    assert refused.returncode != 0
    assert "EVENT_TRANSPORT" in refused.stderr
    assert "eventbridge, fifo" in refused.stderr


def test_a_transport_can_be_chosen(run: Run) -> None:
    assert setting(run, "EVENTS", EVENT_TRANSPORT="fifo")["BACKEND"] == "infra_backends.events.fifo"

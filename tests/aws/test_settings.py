"""The settings module for AWS: what it needs and refuses, and that there is no database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.emulators import ENDPOINT, Emulator
from tests.support.fork_server import FORK_SERVER
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
import json, sys
from django.conf import settings
print(json.dumps([getattr(settings, name) for name in sys.argv[1:]], default=str))
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

Given = dict[str, str]
Show = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(aws: Emulator) -> Iterator[Given]:
    with provisioned(aws) as environment:
        yield environment


@pytest.fixture
def show(environment: Given) -> Show:
    """Has a process of its own print settings; None takes a variable away from it."""

    def show(*names: str, **variables: str | None) -> "subprocess.CompletedProcess[str]":
        given = os.environ | environment | variables
        present = {name: value for name, value in given.items() if value is not None}
        return FORK_SERVER.run(("-c", SHOW, *names), present)

    return show


def values_of(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    """Return the values that were printed."""
    assert done.returncode == 0, done.stderr
    values: list[Any] = json.loads(done.stdout)
    return values


def test_a_purchase_opens_no_database_and_talks_to_aws_alone(environment: Given) -> None:
    settings = {"ALLOW_MOCK_TOKENS": "on", "LISTEN_ADDRESS": "127.0.0.1"}

    bought = subprocess.run(
        [sys.executable, "-c", BUY],
        cwd=ROOT,
        env=os.environ | environment | settings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert bought.returncode == 0, bought.stderr
    done = json.loads(bought.stdout)
    places = [urlsplit(url) for name, url in environment.items() if name.startswith(ENDPOINT)]
    assert done["opened"] == []
    assert {tuple(address) for address in done["connected"]} <= {
        (place.hostname, place.port) for place in places
    }
    assert NEVER_LOADED & set(done["modules"]) == set()
    assert all(database["ENGINE"].endswith(".dummy") for database in done["databases"])
    assert not [app for app in done["apps"] if app.startswith("django.") or app.endswith(".orm")]


def test_a_region_and_a_prefix_reach_every_backend(show: Show) -> None:
    names = ("PERSISTENCE", "IDENTITY", "EVENTS", "REMOTE_CONFIG")

    for backend in values_of(show(*names, AWS_REGION="eu-west-1", AWS_PREFIX="acme-test-")):
        assert backend["OPTIONS"]["REGION"] == "eu-west-1"
    tables, _, events, config = values_of(show(*names, AWS_PREFIX="blue-"))
    assert tables["OPTIONS"]["PREFIX"] == "blue-"
    assert events["OPTIONS"]["BUS"] == "blue-financial-events"
    assert config["OPTIONS"]["PATH"] == "/blue/financial-api/"


def test_development_tokens_are_off_unless_they_are_asked_for(show: Show) -> None:
    assert values_of(show("ALLOW_MOCK_TOKENS", ALLOW_MOCK_TOKENS=None)) == [False]


def test_development_tokens_are_refused_on_aws_itself(show: Show) -> None:
    refused = show("IDENTITY", ALLOW_MOCK_TOKENS="on", AWS_ENDPOINT_URL=None)

    assert refused.returncode != 0
    assert "ALLOW_MOCK_TOKENS" in refused.stderr


def test_on_an_emulator_a_secret_key_is_made_and_kept(show: Show) -> None:
    [first] = values_of(show("SECRET_KEY", SECRET_KEY=None))

    assert len(first) > 40
    assert values_of(show("SECRET_KEY", SECRET_KEY=None)) == [first]


def test_on_aws_itself_the_secret_key_must_be_given(show: Show) -> None:
    refused = show("SECRET_KEY", AWS_ENDPOINT_URL=None, SECRET_KEY=None)

    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr


def test_an_unknown_transport_is_refused_with_those_there_are(show: Show) -> None:
    refused = show("EVENTS", EVENT_TRANSPORT="pigeon")

    assert refused.returncode != 0
    assert "EVENT_TRANSPORT" in refused.stderr
    assert "eventbridge, fifo" in refused.stderr


def test_a_transport_can_be_chosen(show: Show) -> None:
    [events] = values_of(show("EVENTS", EVENT_TRANSPORT="fifo"))

    assert events["BACKEND"] == "infra_backends.events.fifo"

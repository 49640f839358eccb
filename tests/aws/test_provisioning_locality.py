"""The commands that make and delete resources do so on this machine, unless somebody insists."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from infra_backends.aws.provisioning import __main__ as without_django
from infra_backends.aws.provisioning.clients import Clients
from infra_backends.aws.provisioning.locality import NotLocal, require_local
from tests.aws.installations import altered, installation

ACCOUNT = "000000000000"
"""The emulator's."""

FOREIGN = [
    {},
    {"AWS_ENDPOINT_URL": "https://dynamodb.us-east-1.amazonaws.com"},
    {"AWS_ENDPOINT_URL": "http://10.0.0.1:4566"},
    {"AWS_ENDPOINT_URL": "http://localhost.example.com:4566"},
    {"AWS_ENDPOINT_URL": "http://localstack.example.com:4566"},
    {"AWS_ENDPOINT_URL": "http://localhost@example.com:4566"},
    {"AWS_ENDPOINT_URL": "http://not-localstack:4566"},
    {"AWS_ENDPOINT_URL": "http://cognito.localstack.example.com:4567"},
    *(
        {"AWS_ENDPOINT_URL": "http://localhost:1", f"AWS_ENDPOINT_URL_{service}": "http://10.0.0.1"}
        for service in ("DYNAMODB", "COGNITO_IDENTITY_PROVIDER", "EVENTBRIDGE", "SQS", "SSM")
    ),
    {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
]

LOCAL = [
    "http://localhost:4566",
    "http://127.0.0.1:4566",
    "http://127.1.2.3",
    "http://[::1]:4566",
    "http://localstack:4566",
    "http://cognito.localstack:4567",
]


@pytest.fixture
def here(aws):
    """An installation of which nothing exists yet."""
    with installation(aws) as here:
        yield here


def point_to(monkeypatch, environment):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("environment", FOREIGN)
@pytest.mark.parametrize("command", ["aws_provision", "localstack_reset"])
def test_a_command_refuses_another_machine(monkeypatch, command, environment):
    point_to(monkeypatch, environment)
    with pytest.raises(CommandError, match="These are no emulators on this machine"):
        call_command(command)


@pytest.mark.parametrize("environment", FOREIGN)
def test_provisioning_without_django_refuses_another_machine(monkeypatch, environment):
    point_to(monkeypatch, environment)
    with pytest.raises(NotLocal):
        without_django.main()


@pytest.mark.parametrize("url", LOCAL)
def test_loopback_localstack_and_names_below_it_are_local(monkeypatch, url):
    point_to(monkeypatch, {"AWS_ENDPOINT_URL": url})
    with Clients() as clients:
        require_local(clients)


def test_the_refusal_says_which_service_is_where(monkeypatch):
    point_to(
        monkeypatch,
        {"AWS_ENDPOINT_URL": "http://localhost:1", "AWS_ENDPOINT_URL_SQS": "http://10.0.0.1"},
    )
    with pytest.raises(CommandError, match=r"machine: sqs at http://10\.0\.0\.1\. AWS_"):
        call_command("localstack_reset")


def test_a_reset_has_no_way_to_insist():
    with pytest.raises(TypeError, match="i_know_this_is_not_local"):
        call_command("localstack_reset", i_know_this_is_not_local=ACCOUNT)


def test_who_insists_names_the_account(monkeypatch, here, capsys):
    """The emulator passes for AWS: whoever insists is asked for the account wherever it is."""
    call_command("aws_provision", i_know_this_is_not_local=ACCOUNT)
    assert here.table("users") in capsys.readouterr().out


def test_who_insists_on_another_account_is_refused(here):
    with pytest.raises(CommandError, match="belong to account 000000000000, not to 123456789012"):
        call_command("aws_provision", i_know_this_is_not_local="123456789012")
    assert len(altered(here.provision())) > 12


def test_the_development_users_are_not_for_aws(here):
    with pytest.raises(CommandError, match="not on AWS"):
        call_command("aws_provision", development_users=True, i_know_this_is_not_local=ACCOUNT)
    assert len(altered(here.provision())) > 12


def test_an_emulator_that_is_away_is_said_to_be(monkeypatch):
    point_to(monkeypatch, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    with pytest.raises(CommandError, match="Could not connect"):
        call_command("aws_provision")

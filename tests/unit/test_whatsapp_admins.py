"""The admins that the environment names, and the errors that say what is wrong with it."""

import os
import subprocess

import pytest

from financial_api.kernel.environment import InvalidSettings
from notifications.admins import Admin, admins_from
from tests.support.fork_server import FORK_SERVER

ANA = "5511987654321:admin-001:ana@example.com"


def entry(number: int) -> str:
    return f"551198765432{number}:admin-{number}:admin-{number}@example.com"


def test_no_text_names_nobody():
    assert admins_from("") == {}


def test_a_list_without_an_entry_is_refused():
    with pytest.raises(InvalidSettings, match="WHATSAPP_ADMINS names nobody"):
        admins_from(" , ")


def test_each_entry_is_a_phone_an_ecosystem_id_and_an_email():
    bea = "21 98888-7777:tenant:7:admin@corp:bea@example.com"

    assert admins_from(f"{ANA}, {bea}") == {
        "5511987654321": Admin("5511987654321", "admin-001", "ana@example.com"),
        "5521988887777": Admin("5521988887777", "tenant:7:admin@corp", "bea@example.com"),
    }


def test_an_admin_acts_under_the_name_that_the_audit_log_shows():
    caller = admins_from(ANA)["5511987654321"].caller()

    assert (caller.ecosystem_id, caller.email) == ("admin-001", "ana@example.com")
    assert not caller.has_token
    assert not caller.is_system


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("5511987654321", "entry 1 is not of the form"),
        ("5511987654321:admin-001", "entry 1 is not of the form"),
        ("5511987654321::ana@example.com", "entry 1 is not of the form"),
        ("5511987654321:admin-001:", "entry 1 is not of the form"),
        ("5511987654321:admin 001:ana@example.com", "entry 1 has an ecosystemId"),
        ("5511987654321:admin-001:ana", "entry 1 has no email"),
        ("5511987654321:admin-001:" + "a" * 250 + "@example.com", "entry 1 has no email"),
        ("551132654321:admin-001:ana@example.com", "entry 1 has a phone that is no Brazilian"),
        (f"{ANA},phone:admin-002:bea@example.com", "entry 2 has a phone that is no telephone"),
        (f"{ANA},11 98765-4321:admin-002:bea@example.com", "names …4321 twice"),
        (",".join(map(entry, range(9))), "names 9 phones; 8 at the most"),
    ],
)
def test_what_is_wrong_is_said_with_the_variable_and_without_the_number(text, fault):
    with pytest.raises(InvalidSettings) as refusal:
        admins_from(text)

    assert str(refusal.value).startswith("WHATSAPP_ADMINS")
    assert fault in str(refusal.value)
    assert "98765432" not in str(refusal.value)


def test_eight_admins_are_not_too_many():
    assert len(admins_from(",".join(map(entry, range(8))))) == 8


GATEWAY = {
    "WPP_BASE_URL": "http://127.0.0.1:21465",
    "WPP_SECRET_KEY": "the-gateways-secret",
    "WPP_SESSION_NAME": "financial-api",
}
PRINT = "from django.conf import settings; print(settings.MESSAGING)"


def start(tmp_path, settings: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    given = {
        "DJANGO_SETTINGS_MODULE": f"financial_api.settings.{settings}",
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "of-this-test" * 3,
    }
    return FORK_SERVER.run(("-c", PRINT), os.environ | given | environment)


def test_a_gateway_is_used_where_the_environment_names_one(tmp_path):
    started = start(tmp_path, "memory", **GATEWAY)

    assert "infra_backends.messaging.wppconnect" in started.stdout


@pytest.mark.parametrize("missing", sorted(GATEWAY))
def test_half_a_gateway_stops_the_start_and_names_what_is_missing(tmp_path, missing):
    started = start(tmp_path, "memory", **{**GATEWAY, missing: ""})

    assert started.returncode
    assert f"needs {missing} as well" in started.stderr
    assert GATEWAY["WPP_SECRET_KEY"] not in started.stderr


def test_on_aws_itself_admins_need_a_gateway(tmp_path):
    started = start(tmp_path, "aws", WHATSAPP_ADMINS=ANA)

    assert started.returncode
    assert "WPP_BASE_URL, WPP_SECRET_KEY, WPP_SESSION_NAME" in started.stderr


def test_on_an_emulator_admins_do_with_the_terminal(tmp_path):
    endpoint = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    started = start(tmp_path, "aws", WHATSAPP_ADMINS=ANA, **endpoint)

    assert "infra_backends.messaging.console" in started.stdout


def test_a_wrong_phone_stops_the_start(tmp_path):
    started = start(tmp_path, "memory", WHATSAPP_ADMINS="123:admin-001:ana@example.com")

    assert started.returncode
    assert "WHATSAPP_ADMINS: entry 1 has a phone that is no Brazilian mobile" in started.stderr

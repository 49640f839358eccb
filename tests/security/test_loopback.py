"""Where a process may take development tokens: on loopback, towards loopback, behind no proxy."""

import os
from pathlib import Path
from typing import Any

import pytest

from financial_api.kernel.environment import InvalidSettings
from infra_backends.checks import (
    check_development_tokens,
    check_no_proxy_in_front,
    refuse_to_serve,
)
from tests.support.fork_server import FORK_SERVER
from tests.support.ports import free_port

AWAY = ["0.0.0.0", "::", "10.0.0.7", "api.example", "localhost.example", "127.0.0.1.example"]  # noqa: S104  # to be refused


@pytest.fixture(autouse=True)
def _on_loopback(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_MOCK_TOKENS, settings.HOST, settings.LISTEN_ADDRESS = True, "127.0.0.1", ""
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_loopback_they_may_be_taken(settings: Any, host: str) -> None:
    settings.HOST = host

    assert check_development_tokens() == []


@pytest.mark.parametrize("host", AWAY)
def test_anywhere_else_they_may_not(settings: Any, host: str) -> None:
    settings.HOST = host

    assert [refusal.id for refusal in check_development_tokens()] == ["infra_backends.E002"]


@pytest.mark.parametrize("host", AWAY)
def test_where_a_process_really_listens_is_what_counts(settings: Any, host: str) -> None:
    settings.LISTEN_ADDRESS = host

    assert [refusal.id for refusal in check_development_tokens()] == ["infra_backends.E002"]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
@pytest.mark.parametrize(
    "url", ["https://dynamodb.eu-west-1.amazonaws.com", "http://10.0.0.7:4566"]
)
def test_an_endpoint_elsewhere_forbids_them(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name, url)

    assert [refusal.id for refusal in check_development_tokens()] == ["infra_backends.E002"]


def test_a_server_that_does_not_say_where_it_listens_does_not_start() -> None:
    with pytest.raises(InvalidSettings, match="nothing says that this server listens on loopback"):
        refuse_to_serve()


def test_without_them_a_server_may_listen_anywhere(settings: Any) -> None:
    settings.ALLOW_MOCK_TOKENS, settings.LISTEN_ADDRESS = False, "0.0.0.0"  # noqa: S104

    assert check_development_tokens() == []


@pytest.mark.parametrize(("taken", "proxies"), [(True, 0), (False, 1), (False, 2)])
def test_either_they_are_taken_or_proxies_are_trusted(
    settings: Any, taken: bool, proxies: int
) -> None:
    settings.ALLOW_MOCK_TOKENS, settings.TRUSTED_PROXIES = taken, proxies

    assert list(check_no_proxy_in_front()) == []


@pytest.mark.parametrize("proxies", [1, 2])
def test_behind_a_proxy_they_may_not_be_taken(settings: Any, proxies: int) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert [refusal.id for refusal in check_no_proxy_in_front()] == ["infra_backends.E008"]


@pytest.mark.parametrize(
    "command", [["serve"], ["runserver"], ["runserver", "--noreload"]], ids=" ".join
)
@pytest.mark.parametrize("asked_for", [{}, {"ALLOW_MOCK_TOKENS": "on"}], ids=["default", "on"])
def test_what_would_take_them_behind_a_proxy_does_not_start(
    command: list[str], asked_for: dict[str, str], tmp_path: Path
) -> None:
    shell = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "financial_api.settings.memory",
        "DATA_DIR": str(tmp_path),
        "PORT": str(free_port()),
        "TRUSTED_PROXIES": "1",
    }

    refused = FORK_SERVER.run(("manage.py", *command), shell | asked_for)

    assert refused.returncode != 0
    [said] = refused.stderr.splitlines()
    assert "ALLOW_MOCK_TOKENS is on" in said
    assert "TRUSTED_PROXIES is 1" in said

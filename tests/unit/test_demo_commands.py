"""The commands that get a person started: tokens, and a demo to use them on."""

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.development_tokens import identify
from accounts.entities import Role, UserKey
from financial_api.application import commands
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from infra_backends.persistence.memory.backend import Backend as MemoryBackend


class SharedStore(MemoryBackend):
    """Passes for a store that a server in another process would see."""

    shared_between_processes = True


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(commands.wakeup, "nudge", lambda *shards: None)
    with persistence.use(SharedStore()) as store:
        yield store


def said(capsys, *arguments, **options):
    call_command(*arguments, **options)
    return capsys.readouterr().out


def test_mock_token_prints_the_token_and_nothing_else(capsys, settings):
    settings.ALLOW_MOCK_TOKENS = True
    lines = said(capsys, "mock_token", "--ecosystem-id", "user-007").splitlines()
    assert len(lines) == 1
    identity = identify(lines[0])
    assert (identity.ecosystem_id, identity.role) == ("user-007", Role.USER)
    assert identity.email == "user-007@test.local"


def test_mock_token_takes_a_role_and_an_email(capsys, settings):
    settings.ALLOW_MOCK_TOKENS = True
    arguments = ["--ecosystem-id", "boss", "--role", "admin", "--email", "boss@test.local"]
    identity = identify(said(capsys, "mock_token", *arguments).strip())
    assert (identity.role, identity.email) == (Role.ADMIN, "boss@test.local")


def test_mock_token_where_they_are_off_says_so_beside_the_token(capsys, settings):
    settings.ALLOW_MOCK_TOKENS = False
    call_command("mock_token", "--ecosystem-id", "user-007")
    captured = capsys.readouterr()
    assert identify(captured.out.strip())
    assert "ALLOW_MOCK_TOKENS" in captured.err


@pytest.mark.parametrize(
    "wrong", [["--ecosystem-id", "a b"], ["--ecosystem-id", "a", "--role", "x"], []]
)
def test_mock_token_refuses_what_would_be_no_token(wrong):
    with pytest.raises(CommandError):
        call_command("mock_token", *wrong)


def test_seed_demo_registers_a_user_and_an_admin(capsys, settings, store):
    settings.ALLOW_MOCK_TOKENS = True
    said(capsys, "seed_demo")
    user, admin = (store.read([key]).get(key) for key in map(UserKey, ("user-001", "admin-001")))
    assert (user.role, user.email) == (Role.USER, "user@test.local")
    assert (admin.role, admin.email) == (Role.ADMIN, "admin@test.local")


def test_seed_demo_can_be_repeated(capsys, settings, store):
    settings.ALLOW_MOCK_TOKENS = True
    assert "user-001 <user@test.local> registered" in said(capsys, "seed_demo")
    assert "user-001 <user@test.local> was there already" in said(capsys, "seed_demo")


def test_seed_demo_prints_tokens_for_a_shell_and_what_to_try(capsys, settings, store):
    settings.ALLOW_MOCK_TOKENS, settings.PORT = True, 8123
    printed = said(capsys, "seed_demo")
    tokens = dict(re.findall(r"^ *(\w+)=(mock\.\S+)$", printed, re.MULTILINE))
    assert identify(tokens["USER_TOKEN"]).ecosystem_id == "user-001"
    assert identify(tokens["ADMIN_TOKEN"]).role is Role.ADMIN
    assert (
        'curl http://127.0.0.1:8123/v1/dashboard -H "Authorization: Bearer $USER_TOKEN"' in printed
    )


def test_seed_demo_where_tokens_are_off_only_says_so(capsys, settings, store):
    settings.ALLOW_MOCK_TOKENS = False
    printed = said(capsys, "seed_demo")
    assert "ALLOW_MOCK_TOKENS" in printed
    assert "mock." not in printed
    assert store.read([UserKey("user-001")]).get(UserKey("user-001")) is None


def test_seed_demo_leaves_a_store_of_the_servers_own_process_to_it(capsys, settings):
    settings.ALLOW_MOCK_TOKENS = True
    with persistence.use(MemoryBackend()) as store:
        printed = said(capsys, "seed_demo")
        assert store.read([UserKey("user-001")]).get(UserKey("user-001")) is None
    assert "curl -X POST" in printed


def test_seed_demo_says_when_the_store_is_away(settings, store, monkeypatch):
    def away(keys):
        raise BackendUnavailable("connection refused")

    settings.ALLOW_MOCK_TOKENS = True
    monkeypatch.setattr(store, "read", away)
    with pytest.raises(CommandError, match="connection refused"):
        call_command("seed_demo")

"""`manage.py cognito_token`: a token for the shell, or one sentence on why there is none."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from infra_backends import identity
from infra_backends.aws.development_users import DEVELOPMENT_PASSWORD, DEVELOPMENT_USERS
from infra_backends.identity import local
from infra_backends.identity.cognito import Backend
from tests.aws.user_pools import PASSWORD, UserPool
from tests.support.emulators import REGION


@pytest.fixture(scope="module")
def pool(aws):
    pool = UserPool(aws)
    yield pool
    pool.close()


@pytest.fixture
def backend(aws, pool, monkeypatch):
    monkeypatch.delenv("COGNITO_PASSWORD", raising=False)
    backend = Backend(
        region=REGION,
        endpoint_url=aws.url_of("cognito-idp"),
        user_pool_id=pool.pool_id,
        client_id=pool.client_id,
    )
    with identity.use(backend):
        yield backend
    backend.close()


def refusal(*arguments):
    with pytest.raises(CommandError) as refusal:
        call_command("cognito_token", *arguments)
    return str(refusal.value)


def test_it_prints_the_token_and_nothing_else(backend, pool, capsys):
    account = pool.add()
    call_command("cognito_token", "--username", account.username, "--password", PASSWORD)
    [token] = capsys.readouterr().out.splitlines()
    assert backend.verify(token).subject == account.subject


def test_the_password_may_be_in_the_environment(backend, pool, capsys, monkeypatch):
    monkeypatch.setenv("COGNITO_PASSWORD", PASSWORD)
    account = pool.add()
    call_command("cognito_token", "--username", account.username)
    assert backend.verify(capsys.readouterr().out.strip()).subject == account.subject


def test_a_development_user_needs_to_give_none(backend, pool, capsys):
    user = DEVELOPMENT_USERS[0]
    account = pool.add(user.email)
    pool.set_password(account, DEVELOPMENT_PASSWORD)
    call_command("cognito_token", "--username", user.email)
    assert backend.verify(capsys.readouterr().out.strip()).subject == account.subject


def test_anybody_else_needs_to_give_one(backend):
    assert "COGNITO_PASSWORD" in refusal("--username", "x@test.com")


def test_a_wrong_password_is_said_to_be_one(backend, pool):
    said = refusal("--username", pool.add().username, "--password", "wrong-one")
    assert "NotAuthorizedException" in said
    assert "wrong-one" not in said


def test_an_account_that_does_not_exist_gets_none(backend):
    assert "Nobody was signed in" in refusal("--username", "x@test.com", "--password", PASSWORD)


def test_a_pool_that_nobody_made_is_missed_by_its_parameters(aws):
    backend = Backend(
        region=REGION, endpoint_url=aws.url_of("cognito-idp"), parameters="/nobody/made/this/"
    )
    with identity.use(backend):
        said = refusal("--username", "x@test.com", "--password", PASSWORD)
    backend.close()
    assert "/nobody/made/this/cognito/userPoolId" in said


def test_a_client_that_is_not_the_pools_is_refused(aws, pool):
    backend = Backend(
        region=REGION,
        endpoint_url=aws.url_of("cognito-idp"),
        user_pool_id=pool.pool_id,
        client_id="another1client",
    )
    with identity.use(backend):
        said = refusal("--username", "x@test.com", "--password", PASSWORD)
    backend.close()
    assert "ResourceNotFoundException" in said


def test_settings_without_accounts_are_told_so():
    with identity.use(local.Backend(accept_development_tokens=True)):
        said = refusal("--username", "x@test.com", "--password", PASSWORD)
    assert "no accounts" in said

"""Real accounts in a real pool: their tokens, their flag, and the pool itself."""

import os
import signal
import time
from dataclasses import replace

import pytest

from accounts.entities import Role
from financial_api.kernel import clock, deadline
from financial_api.kernel.clock import SystemClock
from financial_api.kernel.errors import InvalidToken
from infra_backends.exceptions import BackendUnavailable, SignInRefused
from infra_backends.identity.cognito import Backend
from tests.aws.user_pools import PASSWORD, UserPool, client_of
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION, ministack, new_name

MOST_SECONDS = 4.0


@pytest.fixture(scope="module")
def pool(aws):
    pool = UserPool(aws)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def backend(aws, pool):
    backend = backend_of(aws, pool)
    yield backend
    backend.close()


@pytest.fixture
def parameters(aws):
    """The emulator's SSM."""
    ssm = client_of(aws, "ssm")
    yield ssm
    ssm.close()


@pytest.fixture
def path():
    return f"/{new_name()}/financial-api/"


@pytest.fixture
def hours():
    """A clock that begins with the emulator's and on which time passes only by the test."""
    with clock.installed(ElapsingClock(SystemClock().now())) as hours:
        yield hours


def backend_of(emulator, pool, **options):
    given = {
        "endpoint_url": emulator.url,
        "user_pool_id": pool.pool_id,
        "client_id": pool.client_id,
    }
    return Backend(region=REGION, **given | options)


def remember(ssm, path, pool, client_id=None):
    """Write the ids of a pool where a backend without them looks."""
    for name, value in (("userPoolId", pool.pool_id), ("clientId", client_id or pool.client_id)):
        ssm.put_parameter(Name=f"{path}cognito/{name}", Value=value, Type="String", Overwrite=True)


def unavailable(call, *arguments):
    """Return what is said when a call finds nobody; fail if that takes long."""
    began_at = time.monotonic()
    with pytest.raises(BackendUnavailable) as failure:
        call(*arguments)
    assert time.monotonic() - began_at < MOST_SECONDS
    return str(failure.value)


def test_the_id_token_of_an_account_says_who_it_is(backend, pool):
    account = pool.add()
    identity = backend.verify(pool.id_token(account))
    assert identity.subject == account.subject
    assert identity.ecosystem_id == account.ecosystem_id
    assert identity.role is Role.USER
    assert (identity.email, identity.email_verified) == (account.username, True)
    assert identity.account == account.username


def test_the_id_token_of_an_admin_says_so(backend, pool):
    assert backend.verify(pool.id_token(pool.add(role="admin"))).role is Role.ADMIN


@pytest.mark.parametrize("kind", ["AccessToken", "RefreshToken"])
def test_the_other_tokens_of_an_account_are_refused(backend, pool, kind):
    with pytest.raises(InvalidToken):
        backend.verify(pool.tokens(pool.add())[kind])


def test_a_token_of_another_pool_is_refused(aws, backend):
    other = UserPool(aws)
    with pytest.raises(InvalidToken):
        backend.verify(other.id_token(other.add()))
    other.close()


def test_a_token_for_another_client_is_refused(aws, pool):
    token = pool.id_token(pool.add())
    backend = backend_of(aws, pool, client_id="another1client")
    with pytest.raises(InvalidToken):
        backend.verify(token)
    backend.close()


def test_the_endpoint_may_come_from_the_environment(aws, pool, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", aws.url_of("cognito-idp"))
    backend = backend_of(aws, pool, endpoint_url=None)
    identity = backend.verify(pool.id_token(pool.add()))
    assert backend.is_enabled(identity)
    backend.ping()
    backend.close()


def test_an_account_is_enabled_until_it_is_disabled(backend, pool):
    account = pool.add()
    identity = backend.verify(pool.id_token(account))
    assert backend.is_enabled(identity)
    pool.disable(account)
    assert not backend.is_enabled(identity)


def test_an_account_that_is_gone_is_not_enabled(backend, pool):
    account = pool.add()
    identity = backend.verify(pool.id_token(account))
    pool.delete(account)
    assert not backend.is_enabled(identity)


def test_a_new_account_does_not_enable_the_old_one_of_its_name(backend, pool):
    account = pool.add()
    old = backend.verify(pool.id_token(account))
    pool.delete(account)
    new = backend.verify(pool.id_token(pool.add(account.username)))
    assert not backend.is_enabled(old)
    assert backend.is_enabled(new)


def test_an_account_is_found_by_its_subject_too(backend, pool):
    account = pool.add()
    identity = backend.verify(pool.id_token(account))
    assert backend.is_enabled(replace(identity, account=account.subject))


def test_the_pool_answers(backend):
    backend.ping()


def test_a_pool_that_is_not_there_is_unavailable(aws, backend, pool):
    identity = backend.verify(pool.id_token(pool.add()))
    gone = backend_of(aws, pool, user_pool_id=f"{REGION}_Gone12345")
    assert "ResourceNotFoundException" in unavailable(gone.ping)
    assert "ResourceNotFoundException" in unavailable(gone.is_enabled, identity)
    unavailable(gone.verify, pool.id_token(pool.add()))
    gone.close()


def test_closing_a_backend_does_not_end_it(aws, pool):
    backend = backend_of(aws, pool)
    backend.ping()
    backend.close()
    backend.ping()
    backend.close()


def test_the_ids_come_from_ssm_where_the_settings_have_none(aws, pool, parameters, path):
    remember(parameters, path, pool)
    backend = backend_of(aws, pool, user_pool_id="", client_id="", parameters=path)
    assert backend.is_enabled(backend.verify(pool.id_token(pool.add())))
    backend.ping()
    backend.close()


def test_other_ids_in_ssm_are_taken_within_a_minute(aws, pool, parameters, path, hours):
    remember(parameters, path, pool, client_id="another1client")
    backend = backend_of(aws, pool, user_pool_id="", client_id="", parameters=path)
    token = pool.id_token(pool.add())
    with pytest.raises(InvalidToken):
        backend.verify(token)
    remember(parameters, path, pool)
    hours.move(seconds=59)
    with pytest.raises(InvalidToken):
        backend.verify(token)
    hours.move(seconds=1)
    assert _accepted_at_last(backend, token)
    backend.close()


def _accepted_at_last(backend, token):
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        try:
            return backend.verify(token)
        except InvalidToken:
            time.sleep(0.005)
    return None


def test_without_ids_in_ssm_nobody_can_be_verified(aws, pool, path):
    backend = backend_of(aws, pool, user_pool_id="", client_id="", parameters=path)
    said = unavailable(backend.verify, pool.id_token(pool.add()))
    assert f"{path}cognito/userPoolId" in said
    assert f"{path}cognito/clientId" in said
    assert path in unavailable(backend.ping)
    backend.close()


def test_nonsense_for_ids_in_ssm_is_as_good_as_none(aws, pool, parameters, path):
    remember(parameters, path, pool, client_id="../elsewhere")
    backend = backend_of(aws, pool, user_pool_id="", client_id="", parameters=path)
    assert "'../elsewhere'" in unavailable(backend.verify, pool.id_token(pool.add()))
    backend.close()


def test_who_was_known_stays_so_when_ssm_and_cognito_are_away(aws, path, hours):
    with ministack() as own:
        pool, ssm = UserPool(own), client_of(own, "ssm")
        remember(ssm, path, pool)
        backend = backend_of(own, pool, user_pool_id="", client_id="", parameters=path)
        token = pool.id_token(pool.add())
        identity = backend.verify(token)
    for _ in range(3):
        hours.move(minutes=10)
        assert backend.verify(token) == identity
        unavailable(backend.is_enabled, identity)
        unavailable(backend.ping)
    for each in (pool, ssm, backend):
        each.close()


def test_a_frozen_pool_holds_nobody_up_for_long(aws, path):
    with ministack() as own:
        pool = UserPool(own)
        backend = backend_of(own, pool, user_pool_id="", client_id="", parameters=path)
        known = backend_of(own, pool)
        token = pool.id_token(pool.add())
        identity = known.verify(token)
        os.kill(own.process.pid, signal.SIGSTOP)
        unavailable(backend.ping)
        for call, argument in (
            (known.is_enabled, identity),
            (backend.verify, token),
        ):
            with deadline.within(deadline.REQUEST_SECONDS):
                unavailable(call, argument)
        assert known.verify(token) == identity
    for each in (pool, backend, known):
        each.close()


def test_signing_in_gives_an_id_token(backend, pool):
    account = pool.add()
    token = backend.sign_in(account.username, PASSWORD)
    assert backend.verify(token).subject == account.subject


def test_nobody_signs_in_by_a_wrong_password(backend, pool):
    with pytest.raises(SignInRefused, match="NotAuthorizedException"):
        backend.sign_in(pool.add().username, "wrong")


def test_who_has_yet_to_choose_a_password_is_not_signed_in(backend, pool):
    with pytest.raises(SignInRefused, match="NEW_PASSWORD_REQUIRED"):
        backend.sign_in(pool.invite().username, PASSWORD)

"""What the API answers to those who bear a Cognito token."""

import pytest

from financial_api.api import authentication
from financial_api.kernel import clock
from financial_api.kernel.clock import SystemClock
from infra_backends import identity, persistence
from infra_backends.identity.cognito import Backend
from infra_backends.persistence import memory
from outbox import wakeup
from tests.aws.signing import backend_of, key_server, signer
from tests.aws.user_pools import UserPool
from tests.support.api import Api, error_of, expect
from tests.support.clocks import ElapsingClock
from tests.support.emulators import REGION
from tests.support.in_process import URL, in_process, nothing_cached


@pytest.fixture(autouse=True)
def _as_if_just_started(monkeypatch):
    monkeypatch.setattr(wakeup, "nudge", lambda *shards: None)
    with nothing_cached(), persistence.use(memory.Backend()):
        yield


@pytest.fixture(scope="module")
def pool(aws):
    pool = UserPool(aws)
    yield pool
    pool.close()


@pytest.fixture
def cognito(aws, pool):
    backend = Backend(
        region=REGION,
        endpoint_url=aws.url_of("cognito-idp"),
        user_pool_id=pool.pool_id,
        client_id=pool.client_id,
    )
    with identity.use(backend):
        yield backend
    backend.close()


@pytest.fixture
def bearer():
    """Gives a client of the API for a token."""
    clients = []

    def open_client(token):
        clients.append(in_process(Api(URL, token)))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


def register(client):
    return expect(client.post("/v1/users", {}, key=""), 201)["user"]


def test_an_account_registers_and_sees_its_dashboard(cognito, pool, bearer):
    account = pool.add()
    client = bearer(pool.id_token(account))
    assert register(client)["ecosystemId"] == account.ecosystem_id
    expect(client.get("/v1/dashboard"), 200)


def test_an_account_that_the_pool_disables_is_out_after_half_a_minute(
    cognito, pool, bearer, monkeypatch
):
    monkeypatch.setattr(authentication._provider_flags, "patience", 60.0)  # the test's moves on
    with clock.installed(ElapsingClock(SystemClock().now())) as hours:
        account = pool.add()
        client = bearer(pool.id_token(account))
        register(client)
        pool.disable(account)
        hours.move(seconds=29)
        expect(client.get("/v1/dashboard"), 200)
        hours.move(seconds=1)
        error_of(client.get("/v1/dashboard"), 403, "ACCOUNT_DISABLED")


def test_another_account_for_the_same_user_is_forbidden(cognito, pool, bearer):
    account = pool.add()
    register(bearer(pool.id_token(account)))
    other = pool.add(ecosystem_id=account.ecosystem_id)
    client = bearer(pool.id_token(other))
    error_of(client.get("/v1/dashboard"), 403, "FORBIDDEN")


def test_an_admin_of_the_pool_may_do_what_admins_do(cognito, pool, bearer):
    path = "/v1/admin/outbox"
    error_of(bearer(pool.id_token(pool.add())).get(path), 403, "FORBIDDEN")
    expect(bearer(pool.id_token(pool.add(role="admin"))).get(path), 200)


def test_an_access_token_is_no_way_in(cognito, pool, bearer):
    client = bearer(pool.tokens(pool.add())["AccessToken"])
    error_of(client.get("/v1/dashboard"), 401, "INVALID_TOKEN")


def test_a_token_whose_time_is_over_is_told_so(bearer):
    with key_server() as keys, identity.use(backend_of(keys)):
        client = bearer(signer().token(exp=1))
        error_of(client.get("/v1/dashboard"), 401, "TOKEN_EXPIRED")


def test_while_the_keys_cannot_be_fetched_the_api_says_when_to_come_back(bearer):
    with key_server() as keys, identity.use(backend_of(keys)):
        keys.go_away()
        answer = bearer(signer().token()).get("/v1/dashboard")
    error_of(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1

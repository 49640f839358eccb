"""Whatever else a user sends beside its token, it stays the user that the token says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.callers import Identity
from accounts.development_tokens import PREFIX, issue
from infra_backends import identity, persistence
from infra_backends.identity.local import Backend as LocalIdentity
from infra_backends.persistence import memory
from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.in_process import URL, in_process, nothing_cached

OUTBOX = "/v1/admin/outbox"
ADMINS_TOKEN = issue("an-admin", "admin")
FROM_A_PROXY: dict[str, dict[str, Any]] = {
    "what proxies say": {
        "headers": {"X-Forwarded-User": "an-admin", "X-Remote-User": "an-admin", "Via": "admin"}
    },
    "an address of this machine": {
        "headers": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Host": "localhost"}
    },
    "another path": {
        "headers": {"X-Original-URL": "/health/liveness", "X-Rewrite-URL": "/health/liveness"}
    },
}
BESIDE: dict[str, dict[str, Any]] = {
    "a role": {"headers": {"X-Role": "admin", "X-User-Role": "admin", "Role": "admin"}},
    "an identity": {
        "headers": {"X-Ecosystem-Id": "an-admin", "X-User": "an-admin", "From": "an-admin"}
    },
    "what a gateway of AWS says": {
        "headers": {"X-Amzn-Oidc-Identity": "an-admin", "X-Amzn-Oidc-Data": ADMINS_TOKEN}
    },
    "an admin's token elsewhere": {
        "headers": {
            "Proxy-Authorization": f"Bearer {ADMINS_TOKEN}",
            "X-Authorization": f"Bearer {ADMINS_TOKEN}",
            "X-Access-Token": ADMINS_TOKEN,
            "Cookie": f"token={ADMINS_TOKEN}; Authorization=Bearer {ADMINS_TOKEN}; role=admin",
        }
    },
    "an admin's token in the query": {
        "params": {"access_token": ADMINS_TOKEN, "token": ADMINS_TOKEN, "role": "admin"}
    },
    "another method": {
        "headers": {"X-HTTP-Method-Override": "OPTIONS", "X-Method-Override": "OPTIONS"}
    },
}
ALL = BESIDE | FROM_A_PROXY


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
def test_nothing_beside_its_token_makes_a_user_an_admin(
    customer: Customer, beside: dict[str, Any]
) -> None:
    error_of(customer.get(OUTBOX, **beside), 403, "FORBIDDEN")


class Provider(LocalIdentity):
    """Takes tokens that are no development tokens, and so may pass a proxy."""

    def verify(self, token: str) -> Identity:
        return super().verify(PREFIX + token)


@pytest.mark.parametrize("beside", ALL.values(), ids=ALL)
def test_nothing_beside_a_providers_token_makes_a_user_an_admin(
    opened: Callable[[Api], Api], beside: dict[str, Any]
) -> None:
    token = issue("a-user").removeprefix(PREFIX)
    with (
        nothing_cached(),
        identity.use(Provider(accept_development_tokens=True)),
        persistence.use(memory.Backend()),
    ):
        user = opened(in_process(Api(URL, token)))
        error_of(user.get(OUTBOX, **beside), 403, "FORBIDDEN")


@pytest.mark.parametrize("beside", ALL.values(), ids=ALL)
def test_nothing_but_a_token_lets_anyone_in(anyone: Api, beside: dict[str, Any]) -> None:
    error_of(anyone.get(OUTBOX, **beside), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("body", [{"role": "admin"}, {"user": {"role": "admin"}, "tier": "high"}])
def test_who_registers_as_an_admin_is_a_user(customer: Customer, body: dict[str, Any]) -> None:
    body |= {"currentScore": 1000, "status": "active", "firebaseUid": "an-admin"}

    user = expect(customer.post("/v1/users", body, key="", params={"role": "admin"}), 201)["user"]

    assert (user["role"], user["tier"], user["currentScore"]) == ("user", "medium", 500)
    assert (user["ecosystemId"], user["firebaseUid"]) == (customer.ecosystem_id,) * 2
    error_of(customer.get(OUTBOX), 403, "FORBIDDEN")


def test_a_user_does_not_say_what_is_for_an_admin_to_decide(
    admin: Admin, customer: Customer
) -> None:
    customer.register()
    expect(admin.set_score(customer, 400), 200)
    body = {"productId": "default-credit-card", "status": "approved", "creditLimit": 10_000}

    asked = expect(customer.post("/v1/cards/requests", body), 201)["request"]

    assert asked["status"] == "pending"
    assert expect(customer.get("/v1/cards"), 200)["cards"] == []


@pytest.fixture
def without_development_tokens() -> Iterator[None]:
    with (
        nothing_cached(),
        identity.use(LocalIdentity(accept_development_tokens=False)),
        persistence.use(memory.Backend()),
    ):
        yield


@pytest.mark.parametrize("role", ["user", "admin"])
def test_where_development_tokens_are_off_they_are_as_good_as_none(
    without_development_tokens: None, opened: Callable[[Api], Api], role: str
) -> None:
    bearer = in_process(Api(URL, issue("somebody", role)))
    opened(bearer)

    error_of(bearer.get("/v1/dashboard"), 401, "INVALID_TOKEN")

"""Behind a proxy that is trusted: who comes with a token of the user pool, and from where."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from accounts.development_tokens import issue
from tests.aws.user_pools import UserPool
from tests.support import fronts
from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.emulators import Emulator
from tests.support.forwarded import FORWARDED
from tests.support.raw_http import exchange, request
from tests.support.servers import RunningServer, provisioned, running
from tests.support.store import LEFT_OUT, LeftOut


@pytest.fixture(scope="module")
def pool(aws: Emulator) -> Iterator[UserPool]:
    with closing(UserPool(aws)) as pool:
        yield pool


@pytest.fixture(scope="module")
def server(aws: Emulator, pool: UserPool) -> Iterator[RunningServer]:
    accounts = {"COGNITO_USER_POOL_ID": pool.pool_id, "COGNITO_CLIENT_ID": pool.client_id}
    in_front = {"TRUSTED_PROXIES": "1", "ALLOW_MOCK_TOKENS": "off", "THROTTLE": "off"}
    with provisioned(aws) as environment, running(environment, **accounts, **in_front) as server:
        yield server


def with_token_of(client: Customer, pool: UserPool, role: str) -> None:
    """Have a client come with a token of the pool in place of a development token."""
    token = pool.id_token(pool.add(ecosystem_id=client.ecosystem_id, role=role))
    client.http.headers["Authorization"] = f"Bearer {token}"


@pytest.fixture
def admin(server: RunningServer, pool: UserPool, opened: Callable[[Api], Api]) -> Admin:
    admin = Admin(server.url)
    opened(admin)
    with_token_of(admin, pool, "admin")
    return admin


@pytest.fixture
def customer(server: RunningServer, pool: UserPool, opened: Callable[[Api], Api]) -> Customer:
    customer = Customer(server.url)
    opened(customer)
    with_token_of(customer, pool, "user")
    return customer


def test_a_token_of_the_pool_passes_every_proxy(customer: Customer) -> None:
    for added in FORWARDED.values():
        expect(customer.get("/v1/cards", headers=added), 200)


@pytest.mark.parametrize("role", ["user", "admin"])
def test_a_development_token_passes_none(anyone: Api, role: str) -> None:
    bearer = {"Authorization": f"Bearer {issue('somebody', role)}"}

    for added in ({}, *FORWARDED.values()):
        error_of(anyone.get("/v1/cards", headers=bearer | added), 401, "INVALID_TOKEN")


def test_the_address_that_the_nearest_proxy_gives_is_the_one_that_is_kept(
    server: RunningServer, admin: Admin, customer: Customer
) -> None:
    customer.register()
    path = f"/v1/admin/users/{customer.ecosystem_id}/score"
    body = b'{"score": 600, "reason": "Decided by a test"}'
    headers = ["X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.2, 203.0.113.3"]
    headers += [f"Authorization: {admin.http.headers['Authorization']}"]
    headers += ["Idempotency-Key: a-key", f"Content-Length: {len(body)}"]

    assert exchange(server.url, request("PATCH", path, *headers, body=body)).status == 200

    [log] = admin.audit_of("user", customer.ecosystem_id)
    assert log["ipAddress"] == "203.0.113.3"


WRITTEN = {
    "as the documented one": "$proxy_add_x_forwarded_for",
    "with its port": "$proxy_add_x_forwarded_for:$remote_port",
    "as of a socket for both versions": '"$http_x_forwarded_for, ::ffff:$remote_addr"',
    "of version 6 with its port": '"$http_x_forwarded_for, [2001:db8::1]:$remote_port"',
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_real_proxy_may_write_the_address_in_its_own_way(
    server: RunningServer,
    admin: Admin,
    customer: Customer,
    opened: Callable[[Api], Api],
    written: str,
) -> None:
    location = fronts.DOCUMENTED.replace("$proxy_add_x_forwarded_for", written)
    customer.register()
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(fronts.nginx(server.url, location))
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: a real proxy, since {reason}")
        outside = Admin(url, admin.ecosystem_id)
        opened(outside)
        outside.http.headers["Authorization"] = admin.http.headers["Authorization"]

        hearsay = {"X-Forwarded-For": "198.51.100.9"}
        expect(outside.set_score(customer, 600, headers=hearsay), 200)

    [log] = admin.audit_of("user", customer.ecosystem_id)
    assert log["ipAddress"] == ("2001:db8::1" if "2001:db8::1" in written else outside.address)


@pytest.mark.parametrize("address", ["fe80::1%<b>", f"fe80::1%{'a' * 5000}", "::1%1", "1.2.3.4%x"])
def test_what_is_kept_of_an_address_is_an_address(
    admin: Admin, customer: Customer, address: str
) -> None:
    customer.register()

    expect(admin.set_score(customer, 600, headers={"X-Forwarded-For": address}), 200)

    [log] = admin.audit_of("user", customer.ecosystem_id)
    assert log["ipAddress"] == admin.address

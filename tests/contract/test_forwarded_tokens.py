"""Development tokens are for this machine: what a proxy passes on is as if it had none."""

import pytest

from tests.support.api import Admin, Customer, error_of, expect
from tests.support.forwarded import FORWARDED
from tests.support.raw_http import exchange, request
from tests.support.servers import RunningServer

over_proxies = pytest.mark.parametrize("added", FORWARDED.values(), ids=FORWARDED)


@over_proxies
def test_a_users_token_that_was_forwarded_lets_nobody_in(
    customer: Customer, added: dict[str, str]
) -> None:
    refused = customer.post("/v1/users", {}, key="", headers=added)

    error_of(refused, 401, "INVALID_TOKEN")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    expect(customer.post("/v1/users", {}, key=""), 201)  # and not 200, so nothing was made before


@over_proxies
def test_an_admins_token_that_was_forwarded_changes_nothing(
    admin: Admin, customer: Customer, added: dict[str, str]
) -> None:
    before = customer.register()["currentScore"]

    error_of(admin.set_score(customer, 600, headers=added), 401, "INVALID_TOKEN")

    assert customer.register()["currentScore"] == before
    assert admin.audit_of("user", customer.ecosystem_id) == []
    expect(admin.set_score(customer, 600), 200)


def test_nginx_is_known_by_its_http_as_well(server: RunningServer, customer: Customer) -> None:
    """Unless it is told otherwise it adds nothing, and speaks HTTP/1.0 to the server behind it."""
    sent = request("GET", "/v1/cards", f"Authorization: {customer.http.headers['Authorization']}")

    direct = exchange(server.url, sent)
    forwarded = exchange(server.url, sent.replace(b"HTTP/1.1", b"HTTP/1.0", 1))

    assert direct.raw.startswith(b"HTTP/1.1 200 ")
    assert forwarded.raw.startswith(b"HTTP/1.0 401 ")


@pytest.mark.parametrize(
    "added",
    [
        {"X-Request-ID": "mine"},
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"Origin": "http://localhost:3000", "Referer": "http://localhost:3000/"},
        {"X-Requested-With": "XMLHttpRequest", "X-Membership": "gold"},
    ],
    ids=" ".join,
)
def test_what_clients_send_by_themselves_is_no_trace_of_a_proxy(
    customer: Customer, added: dict[str, str]
) -> None:
    expect(customer.get("/v1/cards", headers=added), 200)

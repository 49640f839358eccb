"""A proxy on this machine, in front of a server that takes development tokens."""

from collections.abc import Callable, Iterator

import pytest

from tests.support import fronts
from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.servers import RunningServer
from tests.support.store import LEFT_OUT, LeftOut

FRONTS = {
    "the documented nginx": fronts.nginx,
    "an nginx that adds nothing": lambda server: fronts.nginx(server, fronts.AS_OLD),
    "what adds the same as the documented nginx": fronts.like_nginx,
}


@pytest.fixture(scope="module", params=FRONTS.values(), ids=FRONTS)
def front(request: pytest.FixtureRequest, server: RunningServer) -> Iterator[str]:
    """Where the proxy listens."""
    opening = request.param(server.url)
    try:
        url = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: a real proxy, since {reason}")
    yield url
    opening.__exit__(None, None, None)


def test_a_user_comes_through_only_without_a_development_token(
    front: str, customer: Customer, opened: Callable[[Api], Api]
) -> None:
    outside = Customer(front, customer.ecosystem_id)
    opened(outside)

    expect(outside.get("/health/liveness"), 200)
    error_of(outside.post("/v1/users", {}, key=""), 401, "INVALID_TOKEN")

    expect(customer.post("/v1/users", {}, key=""), 201)


def test_an_admin_of_a_development_token_does_nothing_from_outside(
    front: str, admin: Admin, customer: Customer, opened: Callable[[Api], Api]
) -> None:
    outside = Admin(front, admin.ecosystem_id)
    opened(outside)
    customer.register()

    error_of(outside.get("/v1/admin/outbox"), 401, "INVALID_TOKEN")
    error_of(outside.set_score(customer, 600), 401, "INVALID_TOKEN")

    assert admin.audit_of("user", customer.ecosystem_id) == []
    expect(admin.set_score(customer, 600), 200)


def test_the_metrics_of_this_machine_are_not_for_outside(
    front: str, anyone: Api, opened: Callable[[Api], Api]
) -> None:
    outside = opened(Api(front))

    assert outside.http.get("/metrics").status_code == 404
    assert anyone.http.get("/metrics").status_code == 200


def test_a_client_cannot_have_the_proxys_headers_taken_out(
    front: str, customer: Customer, opened: Callable[[Api], Api]
) -> None:
    """RFC 9110, section 7.6.1: what `Connection` names is for the next one alone."""
    outside = Customer(front, customer.ecosystem_id)
    opened(outside)
    hiding = {"Connection": "close, X-Forwarded-For, X-Forwarded-Proto"}

    error_of(outside.get("/v1/cards", headers=hiding), 401, "INVALID_TOKEN")

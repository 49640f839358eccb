"""What settings can switch off."""

from collections.abc import Callable

from tests.support.api import Admin, Api, Customer, error_of
from tests.support.servers import RunningServer


def test_throttling_can_be_off(bare_server: RunningServer, opened: Callable[[Api], Api]) -> None:
    customer = Customer(bare_server.url)
    opened(customer)

    answers = [customer.get("/v1/cards") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 10
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_cleanup_can_be_off(bare_server: RunningServer, opened: Callable[[Api], Api]) -> None:
    admin = Admin(bare_server.url)
    opened(admin)

    for body in ({}, {"confirmationToken": "any"}):
        error_of(admin.post("/v1/admin/cleanup", body, key=""), 403, "FORBIDDEN")

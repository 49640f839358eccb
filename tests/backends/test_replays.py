"""Replays when what a request was once judged by is no longer so."""

from collections.abc import Callable, Iterator

import pytest

from cards import approval
from infra_backends import remote_config
from infra_backends.config import static
from infra_backends.persistence.base import PersistenceBackend
from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.in_process import URL, in_process, nothing_cached
from tests.support.keyed_writes import WRITES, Act

STRICTEST = {
    "limits/lowTier": "100.00",
    "limits/mediumTier": "100.00",
    "limits/highTier": "100.00",
    "approval/autoApproveThreshold": "1001",
    "approval/cooldownDays": "3650",
}


@pytest.fixture(autouse=True)
def _afresh(backend: PersistenceBackend) -> Iterator[None]:
    with nothing_cached():
        yield


@pytest.fixture
def customer(opened: Callable[[Api], Api]) -> Customer:
    customer = in_process(Customer(URL, "user-001"))
    opened(customer)
    return customer


@pytest.fixture
def admin(opened: Callable[[Api], Api]) -> Admin:
    admin = in_process(Admin(URL, "admin-001"))
    opened(admin)
    return admin


@pytest.mark.parametrize("prepared", WRITES)
def test_a_replay_is_answered_whatever_is_configured_by_then(
    admin: Admin,
    customer: Customer,
    monkeypatch: pytest.MonkeyPatch,
    prepared: Callable[[Admin, Customer], Act],
) -> None:
    act = prepared(admin, customer)
    first = act("mine")
    assert first.is_success

    monkeypatch.setattr(approval, "PRODUCT_ID", "another-card")
    with remote_config.use(static.Backend(values=STRICTEST)):
        second = act("mine")

    expect(second, 200)
    assert second.content == first.content


def test_a_limit_that_is_too_high_by_now_is_another_request_under_a_used_key(
    admin: Admin, customer: Customer
) -> None:
    request_id = admin.pending_request(customer)
    expect(admin.approve(request_id, 1000, key="mine"), 200)

    with remote_config.use(static.Backend(values=STRICTEST)):
        answer = admin.approve(request_id, 1001, key="mine")

    error_of(answer, 409, "REQUEST_ALREADY_PROCESSED")


def test_an_unknown_product_is_another_request_under_a_used_key(customer: Customer) -> None:
    customer.register()
    expect(customer.request_card(key="mine"), 201)

    answer = customer.post("/v1/cards/requests", {"productId": "gold-card"}, key="mine")

    error_of(answer, 409, "REQUEST_ALREADY_PROCESSED")

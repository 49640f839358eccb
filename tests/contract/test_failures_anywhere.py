"""Whatever is raised, and wherever: the contract's 500, with its headers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from financial_api.api import access_log, authentication, body, cors, hosts, middleware, refusals
from infra_backends.persistence.base import PersistenceBackend
from tests.support.api import Api, Customer, error_of, expect
from tests.support.in_process import URL, in_process, nothing_cached

PLACES = [
    (hosts.HostMiddleware, "__call__"),
    (cors.CorsMiddleware, "__call__"),
    (refusals.RefusalMiddleware, "__call__"),
    (middleware, "reshaped"),
    (middleware, "_add_rate"),
    (authentication, "_token"),
    (authentication, "_check_account"),
    (body, "_check_encoding"),
]


class Fault(Exception):
    """What nobody expected."""


def fail(*args: Any, **keywords: Any) -> Any:
    raise Fault("a-secret-of-the-inside")


@pytest.fixture
def customer(
    backend: PersistenceBackend, no_relay: None, opened: Callable[[Api], Api]
) -> Iterator[Api]:
    with nothing_cached():
        yield opened(in_process(Customer(URL)))


@pytest.mark.parametrize(("where", "name"), PLACES)
def test_a_fault_is_the_contracts_500(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    monkeypatch.setattr(where, name, fail)

    answer = customer.http.post("/v1/users", json={"email": None})

    error_of(answer, 500, "INTERNAL_ERROR")
    assert answer.headers["X-Request-ID"]
    assert "a-secret" not in answer.text


def test_what_only_watches_breaks_no_answer(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "note", fail)

    expect(customer.get("/v1/cards"), 200)

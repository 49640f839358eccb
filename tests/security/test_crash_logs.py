"""A crash, played in this process: told to an operator, but for what clients confide."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest

from financial_api.kernel.log_lines import JsonFormatter
from infra_backends import persistence
from infra_backends.persistence import memory
from outbox import wakeup
from tests.support.api import Api, Customer
from tests.support.breaking import Announcing
from tests.support.in_process import URL, in_process, nothing_cached

KEY, MERCHANT, FAULT = "key-of-a-client-2b19", "merchant-77e0", "the fault 0c5d"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, as lines."""
    monkeypatch.setattr(wakeup, "nudge", lambda *shards: None)
    lines, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(lines), root.level
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(handler)


def test_a_crash_in_the_midst_of_a_purchase_confides_nothing(
    opened: Callable[[Api], Api], written: io.StringIO
) -> None:
    store = memory.Backend()

    def crash(step: str) -> None:
        if step == "before commit":
            raise RuntimeError(FAULT)

    with nothing_cached(), persistence.use(store):
        customer = in_process(Customer(URL))
        opened(customer)
        path = f"/v1/cards/{customer.card()}/transactions/purchases"
        with persistence.use(Announcing(store, crash)):
            answer = customer.http.post(
                path,
                json={"amount": 77.31, "merchant": MERCHANT},
                headers={"Idempotency-Key": KEY, "User-Agent": "agent-9d1e"},
                params={"note": "query-5b1e"},
            )

    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "code": "INTERNAL_ERROR",
        "message": "Something went wrong on our side.",
    }
    lines = written.getvalue()
    assert FAULT in lines
    token = customer.http.headers["Authorization"].split()[1]
    confided = [KEY, MERCHANT, token, customer.email, "77.31", "agent-9d1e", "query-5b1e"]
    assert [each for each in confided if each in lines] == []

"""What each request costs on DynamoDB, in round trips, and what it may cost.

The requests go through the whole edge in this process; what counts is every HTTP request that the
calling thread sends to AWS, retries included.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
from django.test import override_settings

from cards.entities import SHORT_CODE_LENGTH
from financial_api.kernel import clock
from financial_api.kernel.clock import SystemClock
from infra_backends import persistence
from infra_backends.persistence.dynamodb.kinds import LISTING_SHARDS
from outbox.entities import EventStatus
from tests.support.api import DEFAULT_PRODUCT, Admin, Api, Customer, expect, new_key
from tests.support.aws_requests import operation_of, watched
from tests.support.in_process import URL, in_process, nothing_cached
from tests.support.relays import a_chain
from tests.support.storing import store
from tests.support.webhook import SECRET, deliver, event
from tests.support.whatsapp import BOTH

Ask = Callable[[], httpx.Response]


@dataclass(frozen=True, slots=True)
class Cost:
    """A request, the round trips it may take, and the operations that it took."""

    request: str
    budget: int
    operations: tuple[str, ...]

    @property
    def is_within_budget(self) -> bool:
        return len(self.operations) <= self.budget


class TimelessClock(SystemClock):
    """The machine's clock, on which nothing that is cached ever grows old."""

    def monotonic(self) -> float:
        return 1.0


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Give the operations that this process asks AWS for within the block, as they are asked."""
    operations: list[str] = []
    with watched(lambda request: operations.append(operation_of(request))):
        yield operations


def round_trips_announced(
    announce: Callable[[str], None],
) -> contextlib.AbstractContextManager[None]:
    """Announce each operation that this process asks AWS for, before and after it."""
    return watched(
        lambda request: announce(f"before {operation_of(request)}"),
        lambda request: announce(f"after {operation_of(request)}"),
    )


def measure() -> list[Cost]:
    """Return the cost of every request that has a budget, with warm caches.

    The persistence backend must be DynamoDB, and no relay may run.
    """
    with nothing_cached(), clock.installed(TimelessClock()):
        return list(_costs())


def _cost(request: str, budget: int, ask: Ask, *statuses: int) -> Cost:
    with counted() as operations:
        expect(ask(), *statuses or (200,))
    return Cost(request, budget, tuple(operations))


def _customer() -> Customer:
    customer = in_process(Customer(URL))
    customer.get("/v1/dashboard")
    return customer


def _costs() -> Iterator[Cost]:
    admin = in_process(Admin(URL))
    admin.register()
    _customer().register()
    yield from _of_registration()
    yield from _of_a_customer(admin)
    yield from _of_decisions(admin)
    yield from _of_whatsapp(admin)
    yield from _of_operations(admin)


def _of_registration() -> Iterator[Cost]:
    customer = _customer()
    yield _cost("user creation", 2, lambda: customer.post("/v1/users", {}, key=""), 201)
    yield _cost("existing user", 2, lambda: customer.post("/v1/users", {}, key=""))


def _of_a_customer(admin: Admin) -> Iterator[Cost]:
    customer = _customer()
    customer.register()
    wish = {"productId": DEFAULT_PRODUCT}
    yield _cost("offers", 1, lambda: customer.get("/v1/offers"))
    yield _cost("card request", 2, lambda: customer.post("/v1/cards/requests", wish), 201)
    card_id = expect(customer.get("/v1/cards"), 200)["cards"][0]["cardId"]
    path = f"/v1/cards/{card_id}/transactions"
    key = new_key()
    yield _cost("purchase", 2, lambda: customer.buy(card_id, 100, key=key), 201)
    yield _cost("purchase, replayed", 1, lambda: customer.buy(card_id, 100, key=key))
    yield _cost("purchase beyond the credit", 3, lambda: customer.buy(card_id, 9999), 402)
    yield _cost("payment", 2, lambda: customer.pay(card_id, 10), 201)
    yield _cost("payment beyond the balance", 3, lambda: customer.pay(card_id, 5000), 400)
    yield _cost("dashboard", 2, lambda: customer.get("/v1/dashboard"))
    yield _cost("card list", 2, lambda: customer.get("/v1/cards"))
    yield _cost("card detail", 2, lambda: customer.get(f"/v1/cards/{card_id}"))
    yield _cost("transactions page", 2, lambda: customer.get(path))
    yield _cost(
        "transactions page, filtered", 2, lambda: customer.get(path, params={"type": "payment"})
    )
    yield _cost("suspension", 2, lambda: admin.move_card(customer, card_id, "suspend"))
    yield _cost("reactivation", 2, lambda: admin.move_card(customer, card_id, "reactivate"))
    yield _cost("disabling", 2, lambda: admin.set_status(customer, "disable"))
    yield _cost("enabling", 2, lambda: admin.set_status(customer, "enable"))
    yield _cost("admin score", 3, lambda: admin.set_score(customer, 700))


def _of_decisions(admin: Admin) -> Iterator[Cost]:
    customers = [_customer() for _ in range(2)]
    first, second = (admin.pending_request(customer) for customer in customers)
    detail = f"/v1/cards/requests/{first}"
    waiting = {"status": "pending"}
    key = new_key()
    yield _cost("request detail", 2, lambda: customers[0].get(detail))
    yield _cost(
        "admin request list",
        LISTING_SHARDS + 1,
        lambda: admin.get("/v1/admin/card-requests", params=waiting),
    )
    yield _cost("approval", 3, lambda: admin.approve(first, 500, key=key))
    yield _cost("approval, replayed", 2, lambda: admin.approve(first, 500, key=key))
    yield _cost("rejection", 3, lambda: admin.reject(second))


def _of_whatsapp(admin: Admin) -> Iterator[Cost]:
    request_id = admin.pending_request(_customer())
    hook = in_process(Api(URL))
    answer = event(f"y {request_id[-SHORT_CODE_LENGTH:]}")
    with override_settings(WHATSAPP_ADMINS=BOTH, WEBHOOK_SECRET=SECRET):
        yield _cost("WhatsApp answer", 3, lambda: deliver(hook, answer))
        yield _cost("WhatsApp answer, again", 2, lambda: deliver(hook, answer))
        yield _cost("WhatsApp message, ignored", 2, lambda: deliver(hook, event("hello")))


def _of_operations(admin: Admin) -> Iterator[Cost]:
    (event,) = a_chain("card-001", 1, status=EventStatus.DEAD_LETTER)
    store(persistence, event)
    path = f"/v1/admin/outbox/{event.event_id}/redrive"
    yield _cost("redrive", 2, lambda: admin.post(path, {"reason": "Decided by a test"}))

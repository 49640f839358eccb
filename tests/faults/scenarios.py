"""Requests that change something, each with what has to be there first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
from django.test import override_settings

from cards.entities import SHORT_CODE_LENGTH
from tests.support.api import Admin, Api, Customer, expect
from tests.support.everything import Everything
from tests.support.in_process import URL, in_process
from tests.support.webhook import SECRET, deliver, event
from tests.support.whatsapp import ANA

WHATSAPP_ANSWER = "answer on WhatsApp"


@dataclass(frozen=True, slots=True)
class Cast:
    """A customer, its admin, and what the customer has by now."""

    customer: Customer
    admin: Admin
    card: str = ""
    request: str = ""

    @staticmethod
    def again(name: str, card: str, request: str) -> "Cast":
        """Return people who were prepared before, perhaps by another process."""
        return replace(people(name), card=card, request=request)


def people(name: str) -> Cast:
    """Return a customer who has nothing yet, and an admin."""
    return Cast(in_process(Customer(URL, f"user-{name}")), in_process(Admin(URL, f"admin-{name}")))


Send = Callable[[Cast, str], httpx.Response]


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    prepare: Callable[[Customer, Admin], Cast]
    send: Send
    """Sends the request under a key."""

    success: int = 201
    refusal: int | None = None
    """The status of a request that is refused, of which a failed transaction is kept."""

    takes_key: bool = True

    def cast(self, name: str) -> Cast:
        """Return people of their own, prepared."""
        cast = people(name)
        return self.prepare(cast.customer, cast.admin)


def _nobody(customer: Customer, admin: Admin) -> Cast:
    return Cast(customer, admin)


def _registered(customer: Customer, admin: Admin) -> Cast:
    customer.register()
    return Cast(customer, admin)


def _waiting(customer: Customer, admin: Admin) -> Cast:
    return Cast(customer, admin, request=admin.pending_request(customer))


def _scored_low(customer: Customer, admin: Admin) -> Cast:
    customer.register()
    expect(admin.set_score(customer, 400), 200)
    return Cast(customer, admin)


def _cardholder(customer: Customer, admin: Admin) -> Cast:
    return Cast(customer, admin, card=customer.card())


def _debtor(customer: Customer, admin: Admin) -> Cast:
    cast = _cardholder(customer, admin)
    expect(customer.buy(cast.card, 100), 201)
    return cast


def _suspended(customer: Customer, admin: Admin) -> Cast:
    cast = _cardholder(customer, admin)
    expect(admin.move_card(customer, cast.card, "suspend"), 200)
    return cast


def _moves(action: str) -> Send:
    return lambda cast, key: cast.admin.move_card(cast.customer, cast.card, action, key=key)


def _answer_on_whatsapp(cast: Cast, key: str) -> httpx.Response:
    hook = in_process(Api(URL))
    message = event(f"y {cast.request[-SHORT_CODE_LENGTH:]}", id=f"{key}-{cast.request}")
    admin = replace(ANA, ecosystem_id=cast.admin.ecosystem_id, email=cast.admin.email)
    with override_settings(WHATSAPP_ADMINS={admin.phone: admin}, WEBHOOK_SECRET=SECRET):
        return deliver(hook, message)


SCENARIOS = [
    Scenario(
        "registration",
        _nobody,
        lambda cast, _: cast.customer.post("/v1/users", {}, key=""),
        takes_key=False,
    ),
    Scenario("card at once", _registered, lambda cast, key: cast.customer.request_card(key=key)),
    Scenario("card later", _scored_low, lambda cast, key: cast.customer.request_card(key=key)),
    Scenario("purchase", _cardholder, lambda cast, key: cast.customer.buy(cast.card, 40, key=key)),
    Scenario("payment", _debtor, lambda cast, key: cast.customer.pay(cast.card, 40, key=key)),
    Scenario(
        "refused purchase",
        _cardholder,
        lambda cast, key: cast.customer.buy(cast.card, 5000.01, key=key),
        refusal=402,
    ),
    Scenario(
        "refused payment",
        _cardholder,
        lambda cast, key: cast.customer.pay(cast.card, 1, key=key),
        refusal=400,
    ),
    Scenario(
        "score",
        _registered,
        lambda cast, key: cast.admin.set_score(cast.customer, 800, key=key),
        success=200,
    ),
    Scenario(
        "approval",
        _waiting,
        lambda cast, key: cast.admin.approve(cast.request, 1500, key=key),
        success=200,
    ),
    Scenario(
        "rejection",
        _waiting,
        lambda cast, key: cast.admin.reject(cast.request, key=key),
        success=200,
    ),
    Scenario("suspension", _cardholder, _moves("suspend"), success=200),
    Scenario("reactivation", _suspended, _moves("reactivate"), success=200),
    Scenario("cancellation", _cardholder, _moves("cancel"), success=200),
    Scenario(
        "disabling",
        _registered,
        lambda cast, key: cast.admin.set_status(cast.customer, "disable", key=key),
        success=200,
    ),
    Scenario(WHATSAPP_ANSWER, _waiting, _answer_on_whatsapp, success=200, takes_key=False),
]

TELLING = [
    scenario
    for scenario in SCENARIOS
    if scenario.name in {"registration", "card at once", "payment", "refused purchase", "approval"}
]
"""A few that between them write to every table, for what takes long."""

FAULTY = [*TELLING, *(one for one in SCENARIOS if one.name == WHATSAPP_ANSWER)]
"""The same, and one that its client sends again without a key."""


def shape(found: Everything, cast: Cast) -> dict[str, Any]:
    """Return what somebody has, without what differs between two who did the same."""
    name = cast.customer.ecosystem_id
    user = found.users.get(name)
    if user is None:
        return {}
    return {
        "user": (user.status, user.current_score, user.card_summary, bool(user.pending_request)),
        "cards": [(card.status, card.balance, card.limit) for card in found.cards[name]],
        "requests": [request.status for request in found.requests[name]],
        "scores": [(record.value, record.reason) for record in found.scores[name]],
        "transactions": [
            [(row.type, row.amount, row.status) for row in found.transactions[card.card_id]]
            for card in found.cards[name]
        ],
        "events": [
            [event.event_type for event in found.events_of(*entity)]
            for entity in found.entities_of(name)
        ],
        "audit": [log.action for log in found.audit_logs if log.target_ecosystem_id == name],
    }

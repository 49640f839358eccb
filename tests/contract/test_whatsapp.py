"""The whole story of a request decided on WhatsApp, over HTTP, with a gateway that is a server.

Each test has customers of its own; all share one service, two admins and their gateway.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.api import Admin, Api, Customer, eventually, expect
from tests.support.gateway import SEND, Gateway, gateway, said
from tests.support.servers import RunningServer, running
from tests.support.stores import BackendUnderTest
from tests.support.webhook import SECRET, WEBHOOK, deliver, event, outcome
from tests.support.whatsapp import ANA, BEA, STRANGER

HEALTH = f"{WEBHOOK}/health"
ADMINS = ",".join(f"{admin.phone}:{admin.ecosystem_id}:{admin.email}" for admin in (ANA, BEA))


@pytest.fixture(scope="module")
def phones() -> Iterator[Gateway]:
    with gateway(secret="of-the-gateway/?") as standing:
        yield standing


@pytest.fixture(scope="module")
def service(
    entry: BackendUnderTest,
    environment: dict[str, str],  # named so that a backend without one is left out here too
    phones: Gateway,
) -> Iterator[RunningServer]:
    """A server that asks admins, on a store that no other relay drains."""
    whatsapp = {
        "WEBHOOK_SECRET": SECRET,
        "WHATSAPP_ADMINS": ADMINS,
        "WPP_BASE_URL": phones.url,
        "WPP_SECRET_KEY": phones.secret,
        "WPP_SESSION_NAME": phones.session,
        "LOG_LEVEL": "DEBUG",
    }
    with entry.environment() as fresh, running(fresh, THROTTLE="off", **whatsapp) as server:
        yield server


@pytest.fixture
def hook(service: RunningServer, opened: Callable[[Api], Api]) -> Api:
    """The gateway as a client of the webhook."""
    return opened(Api(service.url))


@pytest.fixture
def waiting(service: RunningServer, opened: Callable[[Api], Api]) -> Callable[[], "Waiting"]:
    """Makes customers whose requests wait for an admin."""

    def make() -> Waiting:
        customer, admin = Customer(service.url), Admin(service.url)
        opened(customer)
        opened(admin)
        return Waiting(customer, admin, admin.pending_request(customer))

    return make


class Waiting:
    """A customer and its pending request, as an admin sees them."""

    def __init__(self, customer: Customer, admin: Admin, request_id: str) -> None:
        self.customer, self.admin, self.request_id = customer, admin, request_id

    @property
    def code(self) -> str:
        return self.request_id[-8:]

    def shown(self) -> dict[str, Any]:
        path = f"/v1/cards/requests/{self.request_id}"
        shown: dict[str, Any] = expect(self.customer.get(path), 200)["request"]
        return shown

    def audit(self) -> list[tuple[str, str]]:
        logs = self.admin.audit_of("cardRequest", self.request_id)
        return [(log["adminEcosystemId"], log["action"]) for log in logs]


def messages_about(phones: Gateway, code: str) -> dict[str, str]:
    """Return what each phone was sent about a request."""
    return {sent.phone: sent.text for sent in list(phones.sent) if code in sent.text}


def test_a_low_score_request_is_decided_by_an_admin_who_answers_a_message(
    hook: Api, waiting: Callable[[], Waiting], phones: Gateway
) -> None:
    asked = waiting()
    assert asked.shown()["status"] == "pending"

    def both() -> dict[str, str] | None:
        found = messages_about(phones, asked.code)
        return found if len(found) == 2 else None

    told = eventually(both)
    assert set(told) == {ANA.phone, BEA.phone}
    for text in told.values():
        assert asked.customer.email in text
        assert "low" in text
        assert "400" in text
    answer = next(line for line in told[ANA.phone].splitlines() if "y " in line)
    assert f"y {asked.code}" in answer

    approved = outcome(hook, event(f"y {asked.code}"))
    assert approved == {"ok": True, "action": "approved", "requestId": asked.request_id}

    shown = asked.shown()
    assert (shown["status"], shown["decision"]["source"]) == ("approved", "admin")
    assert (shown["card"]["status"], shown["card"]["limit"]) == ("active", 2000)
    (card,) = expect(asked.customer.get("/v1/cards"), 200)["cards"]
    assert card == shown["card"]
    assert asked.audit() == [(ANA.ecosystem_id, "card_request.approved")]
    types = [e["eventType"] for e in asked.admin.events_of("cardRequest", asked.request_id)]
    assert types == ["card.requested", "card.approved"]

    second = outcome(hook, event(f"n {asked.code}", BEA.phone))
    assert second == {
        "ok": True,
        "action": "ignored",
        "requestId": asked.request_id,
        "reason": "already_processed",
    }
    assert len(asked.audit()) == 1


def test_every_admin_hears_of_a_payment(
    service: RunningServer, opened: Callable[[Api], Api], phones: Gateway
) -> None:
    customer = Customer(service.url)
    opened(customer)
    card = customer.card()
    expect(customer.buy(card, 100), 201)
    expect(customer.pay(card, 12.34), 201)

    def both() -> bool:
        return len(messages_about(phones, f"$12.34 on card …{card[-4:]}")) == 2

    assert eventually(both)


def test_the_same_message_acts_once_however_often_and_at_once_it_is_delivered(
    service: RunningServer, hook: Api, waiting: Callable[[], Waiting]
) -> None:
    asked = waiting()
    message = event(f"no {asked.code}")
    clients = [Api(service.url) for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda client: deliver(client, message), clients))
    for client in clients:
        client.close()

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (200, answers[0].content)
    }
    assert outcome(hook, message)["action"] == "rejected"
    assert asked.audit() == [(ANA.ecosystem_id, "card_request.rejected")]


def test_of_a_yes_and_a_no_at_the_same_instant_one_decides(
    service: RunningServer, waiting: Callable[[], Waiting]
) -> None:
    for _ in range(3):
        asked = waiting()
        answers = [event(f"y {asked.code}", ANA.phone), event(f"n {asked.code}", BEA.phone)]
        clients = [Api(service.url) for _ in answers]
        with ThreadPoolExecutor(2) as pool:
            actions = [
                expect(answer, 200)["action"] for answer in pool.map(deliver, clients, answers)
            ]
        for client in clients:
            client.close()

        assert "ignored" in actions
        (action,) = {*actions} - {"ignored"}
        assert asked.shown()["status"] == action
        assert [done for _, done in asked.audit()] == [f"card_request.{action}"]


def test_requests_made_in_the_same_second_have_different_codes(
    waiting: Callable[[], Waiting],
) -> None:
    codes = [waiting().code for _ in range(4)]

    assert len(set(codes)) == 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"fromMe": True}, "from_self"),
        ({"isGroupMsg": True}, "group_message"),
        ({"from": "120363041234567890@g.us"}, "group_message"),
        ({"from": f"{STRANGER}@c.us"}, "not_whitelisted"),
        ({"body": "good\nmorning\t🚀"}, "invalid_command"),
        ({"body": ""}, "invalid_command"),
        ({"body": "y 00000000"}, "request_not_found"),
    ],
)
def test_what_is_no_answer_is_ignored_for_its_reason(
    hook: Api, waiting: Callable[[], Waiting], data: dict[str, Any], reason: str
) -> None:
    asked = waiting()

    answer = outcome(hook, event(f"y {asked.code}", **data))

    assert answer == {"ok": True, "action": "ignored", "reason": reason}
    assert asked.shown()["status"] == "pending"


def test_a_gateway_that_fails_is_tried_again_and_holds_up_nothing(
    hook: Api, waiting: Callable[[], Waiting], phones: Gateway
) -> None:
    phones.script(SEND, said(500, {"status": "error"}))
    asked = waiting()

    def sent() -> bool:
        events = asked.admin.events_of("cardRequest", asked.request_id)
        return all(event["status"] == "sent" for event in events)

    assert eventually(sent)
    assert outcome(hook, event(f"n {asked.code}"))["action"] == "rejected"


def test_health_says_how_the_session_stands(hook: Api, phones: Gateway) -> None:
    def shown(connected: bool) -> bool:
        answer = expect(hook.get(HEALTH), 200)
        assert answer["whatsapp"]["session"] == phones.session
        assert answer["status"] == ("ok" if answer["whatsapp"]["connected"] else "degraded")
        return bool(answer["whatsapp"]["connected"] is connected)

    assert eventually(lambda: shown(True))
    phones.is_connected = False
    try:
        assert eventually(lambda: shown(False))
    finally:
        phones.is_connected = True


def test_no_log_line_holds_a_phone_a_message_or_a_secret(
    service: RunningServer, hook: Api, waiting: Callable[[], Waiting], phones: Gateway
) -> None:
    asked = waiting()
    assert eventually(lambda: len(messages_about(phones, asked.code)) == 2)
    outcome(hook, event(f"y {asked.code}"))
    outcome(hook, event("something private"))
    deliver(hook, event("something private", id="two words"))

    log = service.log.read_text()

    for confided in (
        ANA.phone,
        BEA.phone,
        ANA.phone[4:],
        "something private",
        f"y {asked.code}",
        asked.customer.email,
        SECRET,
        phones.secret,
        "of-the-gateway",
        *phones.tokens,
    ):
        assert confided not in log

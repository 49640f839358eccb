"""What a Celery worker and its API write at the lowest level, when all goes well and when not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.security.conftest import SECRET_KEY
from tests.support.api import Admin, Customer, error_of, eventually, expect
from tests.support.gateway import SEND, Gateway, gateway, said
from tests.support.servers import RunningServer, aws_environment, running
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.webhook import SECRET, deliver, event
from tests.support.whatsapp import ANA, BEA
from tests.support.workers import Worker, working

METRICS_TOKEN = "metrics-token-41ac"
MERCHANT = "merchant-77e0"
KEY = "key-of-a-client-2b19"
WORDS = "what-the-gateway-has-to-say"
ADMINS = ",".join(f"{admin.phone}:{admin.ecosystem_id}:{admin.email}" for admin in (ANA, BEA))


@dataclass(frozen=True, slots=True)
class Service:
    """An API that drains nothing itself, a worker beside it, and their gateway."""

    api: RunningServer
    worker: Worker
    phones: Gateway


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    opening = aws_environment()
    try:
        given = opening.__enter__()
    except LeftOut as reason:
        pytest.skip(f"{LEFT_OUT}: the worker's logs, since {reason}")
    with gateway(secret="of-the-gateway/?") as phones:
        environment = {name: value for name, value in given.items() if name != "CELERY_BROKER_URL"}
        environment |= {
            "LOG_LEVEL": "DEBUG",
            "SECRET_KEY": SECRET_KEY,
            "METRICS_TOKEN": METRICS_TOKEN,
            "WEBHOOK_SECRET": SECRET,
            "WHATSAPP_ADMINS": ADMINS,
            "WPP_BASE_URL": phones.url,
            "WPP_SECRET_KEY": phones.secret,
            "WPP_SESSION_NAME": phones.session,
        }
        with running(environment, THROTTLE="off") as api, working(environment, "-B") as worker:
            yield Service(api, worker, phones)
    opening.__exit__(None, None, None)


def test_no_line_of_api_or_worker_holds_what_was_confided_to_them(service: Service) -> None:
    phones = service.phones
    phones.unknown_phones.add(BEA.phone)
    phones.script(SEND, said(500, {"error": WORDS, "phone": ANA.phone}))
    with closing(Customer(service.api.url)) as customer, closing(Admin(service.api.url)) as admin:
        card_id = customer.card()
        purchase = {"amount": 100, "merchant": MERCHANT}
        path = f"/v1/cards/{card_id}/transactions/purchases"
        expect(customer.post(path, purchase, key=KEY), 201)
        expect(customer.post(path, purchase | {"amount": 9_999}, key=KEY), 409)
        for amount in (12.34, 12.34):
            expect(customer.pay(card_id, amount), 201)
        error_of(deliver(customer, event("something private"), SECRET[:-1]), 401, "INVALID_TOKEN")
        expect(deliver(customer, event("something private")), 200)

        def told() -> bool:
            return bool(phones.sent) and phones.asked(SEND) == 4

        assert eventually(told, seconds=60)
        service.api.stop()
        assert service.worker.stop() == 0

        tokens = [each.http.headers["Authorization"].split()[1] for each in (customer, admin)]
        confided = [customer.email, ANA.email, ANA.phone, BEA.phone, ANA.phone[4:], BEA.phone[4:]]

    confided += [*tokens, *phones.tokens, phones.secret, "of-the-gateway", phones.sent[0].text]
    confided += [SECRET_KEY, METRICS_TOKEN, SECRET, MERCHANT, KEY, WORDS, "something private"]
    confided += ["12.34"]
    written = service.worker.log.read_text() + service.api.log.read_text()
    assert "outbox.drain" in written
    assert [each for each in confided if each in written] == []

"""DynamoDB goes away under load and comes back: nothing hangs, nothing is lost or done twice."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.api import Customer, expect, new_key
from tests.support.emulators import Emulator, ministack
from tests.support.proxy import Proxy, proxy
from tests.support.servers import RunningServer, provisioned, running
from tests.support.soak import soaking

BUYERS = 8
CALM_SECONDS = 1.5
AWAY_SECONDS = 4.0
FROZEN_SECONDS = soaking(promised=20.0, in_ci=8.0)
LONGEST_ANSWER_SECONDS = 5.0


@dataclass
class Buyer:
    """Buys for a dollar over and over, each time under a new key until it is answered."""

    customer: Customer
    card_id: str
    bought: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    without_retry_after: int = 0

    def buy_until(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            key = new_key()
            while self._ask(key) == httpx.codes.SERVICE_UNAVAILABLE:
                time.sleep(0.1)
            self.bought += 1

    def _ask(self, key: str) -> int:
        started_at = time.monotonic()
        answer = self.customer.buy(self.card_id, 1, key=key)
        self.slowest = max(self.slowest, time.monotonic() - started_at)
        self.answers[answer.status_code] += 1
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self.without_retry_after += "Retry-After" not in answer.headers
        else:
            expect(answer, 200, 201)
        return answer.status_code


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator that nobody else uses."""
    with ministack() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def line(emulator: Emulator) -> Iterator[Proxy]:
    """What lies between the API and DynamoDB."""
    with proxy(urlsplit(emulator.url).port) as line:
        yield line


@pytest.fixture(scope="module")
def server(emulator: Emulator, line: Proxy) -> Iterator[RunningServer]:
    with (
        provisioned(emulator) as environment,
        running(
            environment | {"AWS_ENDPOINT_URL_DYNAMODB": line.url}, WORKERS="2", THROTTLE="off"
        ) as server,
    ):
        yield server


@pytest.fixture
def buyers(server: RunningServer) -> Iterator[list[Buyer]]:
    buyers = []
    for _ in range(BUYERS):
        customer = Customer(server.url)
        buyers.append(Buyer(customer, customer.card()))
    yield buyers
    for buyer in buyers:
        buyer.customer.close()


def survive(buyers: list[Buyer], leave: Callable[[], None], come_back: Callable[[], None]) -> None:
    """Let the buyers buy before, during and after an outage; fail unless all is well."""
    stopping = threading.Event()
    threads = [threading.Thread(target=b.buy_until, args=(stopping,)) for b in buyers]
    for thread in threads:
        thread.start()
    try:
        time.sleep(CALM_SECONDS)
        before = sum(buyer.bought for buyer in buyers)
        leave()
        time.sleep(CALM_SECONDS)
        come_back()
        again = [buyer.bought for buyer in buyers]
        time.sleep(CALM_SECONDS + 1)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert before > 0
    assert all(buyer.bought > then for buyer, then in zip(buyers, again, strict=True))
    assert sum(buyer.answers[503] for buyer in buyers) > 0
    for buyer in buyers:
        assert buyer.slowest < LONGEST_ANSWER_SECONDS
        assert buyer.without_retry_after == 0
        check_books(buyer)


def check_books(buyer: Buyer) -> None:
    """Fail unless every purchase that was answered was made, and was made once."""
    shown = buyer.customer.shown_card(buyer.card_id)
    assert Decimal(str(shown["balance"])) == buyer.bought


def test_connections_are_refused(buyers: list[Buyer], line: Proxy) -> None:
    def leave() -> None:
        line.refuse()
        time.sleep(AWAY_SECONDS)

    survive(buyers, leave, line.restore)


def test_connections_are_cut(buyers: list[Buyer], line: Proxy) -> None:
    def leave() -> None:
        line.cut()
        time.sleep(AWAY_SECONDS)

    survive(buyers, leave, line.restore)


def test_everything_is_frozen(buyers: list[Buyer], emulator: Emulator) -> None:
    process = emulator.process.pid

    def leave() -> None:
        os.kill(process, signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)

    survive(buyers, leave, lambda: os.kill(process, signal.SIGCONT))

"""The broker, the bus or everything goes away under load: writes go on, and all is sent after."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.api import Customer, eventually, new_key
from tests.support.plants import Plant, dead_letters, depth, plant
from tests.support.proxy import Proxy, proxy
from tests.support.servers import RunningServer, running
from tests.support.soak import soaking
from tests.support.workers import working

BUYERS = 4
AWAY_SECONDS = soaking(promised=30.0, in_ci=8.0)
CATCH_UP_SECONDS = 60.0
PAUSE_SECONDS = 0.2


@dataclass
class Load:
    """Customers who buy over and over, each time under a new key until it is answered."""

    url: str
    answers: Counter[int] = field(default_factory=Counter)

    def run_during(self, happening: Callable[[], None]) -> None:
        stopping = threading.Event()
        threads = [threading.Thread(target=self._buy, args=(stopping,)) for _ in range(BUYERS)]
        for thread in threads:
            thread.start()
        try:
            happening()
        finally:
            stopping.set()
            for thread in threads:
                thread.join(30)

    def _buy(self, stopping: threading.Event) -> None:
        customer = Customer(self.url)
        card_id = customer.card()
        key = new_key()
        while not stopping.wait(PAUSE_SECONDS):
            answer = customer.buy(card_id, 1, key=key)
            self.answers[answer.status_code] += 1
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                key = new_key()
        customer.close()


@pytest.fixture(scope="module")
def place() -> Iterator[Plant]:
    with plant() as place:
        yield place


@pytest.fixture(scope="module")
def lines(place: Plant) -> Iterator[list[Proxy]]:
    """What lies between the service, the broker and the bus."""
    port = urlsplit(place.emulator.url).port
    with proxy(port) as broker, proxy(port) as bus:
        yield [broker, bus]


@pytest.fixture(scope="module")
def server(place: Plant, lines: list[Proxy]) -> Iterator[RunningServer]:
    """The API, with a worker beside it."""
    broker, bus = lines
    environment = place.environment | {
        "AWS_ENDPOINT_URL_SQS": broker.url,
        "AWS_ENDPOINT_URL_EVENTBRIDGE": bus.url,
        "THROTTLE": "off",
    }
    with running(environment) as server, working(environment, "--beat"):
        yield server


def test_without_broker_and_bus_writes_go_on_and_all_is_sent_afterwards(
    server: RunningServer, lines: list[Proxy]
) -> None:
    def leave() -> None:
        eventually(lambda: load.answers[httpx.codes.CREATED] > BUYERS)
        for line in lines:
            line.refuse()
        time.sleep(AWAY_SECONDS)
        for line in lines:
            line.restore()

    load = Load(server.url)
    load.run_during(leave)

    assert set(load.answers) == {httpx.codes.CREATED}
    eventually(lambda: depth() == 0, CATCH_UP_SECONDS)
    assert dead_letters() == 0


def test_after_everything_was_frozen_all_is_sent(server: RunningServer, place: Plant) -> None:
    def leave() -> None:
        eventually(lambda: load.answers[httpx.codes.CREATED] > BUYERS)
        os.kill(place.emulator.process.pid, signal.SIGSTOP)
        time.sleep(AWAY_SECONDS)
        os.kill(place.emulator.process.pid, signal.SIGCONT)
        answered = load.answers[httpx.codes.CREATED]
        eventually(lambda: load.answers[httpx.codes.CREATED] > answered)

    load = Load(server.url)
    load.run_during(leave)

    assert load.answers[httpx.codes.SERVICE_UNAVAILABLE] > 0
    assert set(load.answers) <= {200, 201, 503}
    eventually(lambda: depth() == 0, CATCH_UP_SECONDS)
    assert dead_letters() == 0

"""Counting requests: exactly, in fixed windows, alone or together in a Redis."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import redis

from accounts.development_tokens import issue
from financial_api.api import counters, throttling
from financial_api.api.counters import ProcessCounter, RedisCounter
from financial_api.api.throttling import Throttle, check
from financial_api.kernel import clock
from financial_api.kernel.errors import RateLimitExceeded
from tests.support.api import Api
from tests.support.clocks import SetClock
from tests.support.in_process import URL, in_process
from tests.support.ports import free_port
from tests.support.redis_servers import redis_server

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def redis_url():
    with redis_server() as url:
        yield url


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A busy machine is no silent Redis."""
    monkeypatch.setattr(counters, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
def stepping():
    with clock.installed(SetClock(NOON)) as installed:
        yield installed


@pytest.fixture(params=["process", "redis"])
def new_counter(request):
    """Makes counters that belong together, as those of several processes do."""
    if request.param == "process":
        counter = ProcessCounter()
        return lambda: counter
    url = request.getfixturevalue("redis_url")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return lambda: RedisCounter(url)


def test_the_last_of_a_window_is_let_in_and_the_next_is_not(new_counter, settings, stepping):
    settings.THROTTLE_REQUESTS_PER_MINUTE = 3
    throttle = Throttle(new_counter())

    rates = [throttle.count_request("user-001") for _ in range(4)]

    assert [rate.remaining for rate in rates] == [2, 1, 0, 0]
    assert [rate.is_exceeded for rate in rates] == [False, False, False, True]
    with pytest.raises(RateLimitExceeded) as refusal:
        check(rates[-1])
    assert refusal.value.headers["Retry-After"] == "30"


class BrokenCounter:
    def add(self, who, window, amount):
        raise TypeError("broken")


@pytest.mark.parametrize("token", [issue("user-001"), "bad"])
def test_a_counter_that_breaks_is_an_error_of_the_contracts_shape(settings, monkeypatch, token):
    settings.THROTTLE = True
    monkeypatch.setattr(throttling, "_throttle", Throttle(BrokenCounter()))
    client = in_process(Api(URL, token))

    answer = client.http.get("/v1/cards")

    client.close()
    assert answer.json()["error"]["code"] == "INTERNAL_ERROR"
    assert answer.json()["meta"]["requestId"] == answer.headers["X-Request-ID"]
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_next_window_starts_from_nothing(new_counter, settings, stepping):
    throttle = Throttle(new_counter())
    first = throttle.count_request("user-001")

    stepping.move(seconds=30)
    second = throttle.count_request("user-001")

    assert first.resets_at == int(NOON.timestamp()) + 30
    assert (second.used, second.resets_at) == (1, first.resets_at + 60)


def test_users_and_addresses_are_counted_apart(new_counter, stepping):
    throttle = Throttle(new_counter())
    throttle.count_request("192.0.2.1")

    assert throttle.count_request("user-001").used == 1
    assert throttle.count_failure("192.0.2.1").used == 1


def test_the_addresses_of_one_network_of_version_6_are_counted_as_one(stepping):
    throttle = Throttle(ProcessCounter())
    throttle.count_failure("2001:db8:1:2::1")

    assert throttle.count_failure("2001:db8:1:2:ffff::9").used == 2
    assert throttle.count_failure("2001:db8:1:3::1").used == 1
    assert [throttle.count_failure(f"192.0.2.{n}").used for n in (1, 2)] == [1, 1]


def test_looking_counts_nothing(new_counter, stepping):
    throttle = Throttle(new_counter())
    throttle.count_failure("192.0.2.1")

    assert [throttle.failures("192.0.2.1").used for _ in range(3)] == [1, 1, 1]


def test_several_at_once_are_counted_exactly(new_counter, stepping):
    throttles = [Throttle(new_counter()) for _ in range(4)]

    with ThreadPoolExecutor(16) as pool:
        used = list(pool.map(lambda n: throttles[n % 4].count_request("u").used, range(200)))

    assert sorted(used) == list(range(1, 201))


def test_processes_count_together_in_a_redis(redis_url, stepping):
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    one, other = Throttle(RedisCounter(redis_url)), Throttle(RedisCounter(redis_url))

    one.count_request("user-001")

    assert other.count_request("user-001").used == 2


def test_without_its_redis_a_process_counts_for_itself(stepping, caplog):
    throttle = Throttle(RedisCounter(f"redis://127.0.0.1:{free_port()}/0"))

    rates = [throttle.count_request("user-001") for _ in range(3)]

    assert [rate.used for rate in rates] == [1, 2, 3]
    assert [record.message for record in caplog.records] == [
        "the shared throttle does not answer; counting in this process"
    ]

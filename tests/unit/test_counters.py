"""Counting in windows: whoever comes late, however many there are, and while a Redis is silent."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import redis

from accounts.development_tokens import issue
from financial_api.api import counters, throttling
from financial_api.api.counters import Counter, ProcessCounter, RedisCounter
from financial_api.api.throttling import Throttle
from tests.support.api import Api, Customer, eventually, new_key
from tests.support.in_process import URL, in_process
from tests.support.ports import free_port
from tests.support.redis_servers import RunningRedis, running_redis
from tests.support.servers import memory_environment, running

SILENCE = "the shared throttle does not answer; counting in this process"


@pytest.fixture
def server() -> Iterator[RunningRedis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def client(server: RunningRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no silent Redis."""
    monkeypatch.setattr(counters, "PATIENCE_SECONDS", 60.0)


@contextlib.contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """Serve what says the same to everyone, and nothing more; the value is its URL."""
    is_over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(answer)
            is_over.wait(60)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listening.server_address[1]}/0"
        finally:
            is_over.set()
            listening.shutdown()
            thread.join()


def counts_in(client: redis.Redis, counter: Counter) -> Callable[[], bool]:
    """Return what has somebody new counted, and tells whether it was in the Redis."""
    window = iter(range(100, 100_000))

    def count() -> bool:
        key = next(window)
        counter.add("user:a", key, 1)
        return bool(client.keys(f"throttle:{key}:*"))

    return count


def test_one_that_comes_late_with_a_past_window_takes_nothing_from_the_running_one() -> None:
    counter = ProcessCounter()

    before = [counter.add("user:a", 6, 1), counter.add("user:a", 7, 1)]
    late = counter.add("user:a", 6, 1)
    after = counter.add("user:a", 7, 1)

    assert (before, late, after) == ([1, 1], 2, 2)


def test_a_clock_that_was_set_back_counts_on() -> None:
    counter = ProcessCounter()
    counter.add("user:a", 70, 1)

    assert [counter.add("user:a", 7, 1) for _ in range(3)] == [1, 2, 3]


def test_past_windows_are_forgotten() -> None:
    counter = ProcessCounter()
    for window in range(100):
        counter.add("user:a", window, 1)
        counter.add("address:a", window, 1)

    assert len(counter._windows) == counters.WINDOWS_KEPT


def test_addresses_past_what_is_kept_are_counted_together_and_users_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counters, "MOST_COUNTED", 3)
    counter = ProcessCounter()

    first = [counter.add(f"address:{n}", 7, 1) for n in range(3)]
    further = [counter.add(f"address:{n}", 7, 1) for n in range(3, 6)]

    assert (first, further) == ([1, 1, 1], [1, 2, 3])
    assert counter.add("address:0", 7, 1) == 2
    assert counter.add("address:9", 7, 0) == 3
    assert counter.add("user:a", 7, 1) == 1
    assert sum(map(len, counter._windows.values())) == 3 + 1 + 1


def test_a_look_keeps_nothing_in_the_redis(
    server: RunningRedis, client: redis.Redis, patient: None
) -> None:
    assert RedisCounter(server.url).add("address:a", 7, 0) == 0

    assert client.keys() == []


def test_what_is_kept_in_the_redis_ends_by_itself(
    server: RunningRedis, client: redis.Redis, patient: None
) -> None:
    RedisCounter(server.url).add("address:a", 7, 1)

    [key] = client.keys()
    assert 0 < client.ttl(key) <= 2 * counters.WINDOW_SECONDS


ANSWERS = {
    "nothing": b"",
    "half an answer": b"$5\r\nhal",
    "that it is loading": b"-LOADING Redis is loading the dataset in memory\r\n" * 20,
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "what nobody asked for": b":1\r\n" * 20,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_whatever_else_it_says_a_process_counts_for_itself(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with saying(answer) as url:
        counter = RedisCounter(url)

        assert [counter.add("user:a", 7, 1) for _ in range(3)] == [1, 2, 3]

    assert [record.message for record in caplog.records] == [SILENCE]


def test_nobody_waits_for_a_redis_whose_name_is_not_found_out_once_one_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()

    def hang(*_: object, **__: object) -> None:
        is_over.wait(600)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    counter = RedisCounter("redis://cache.example/0")
    first = counter.add("user:a", 7, 1)
    monkeypatch.setattr(counters, "PATIENCE_SECONDS", 600.0)

    with ThreadPoolExecutor(60) as pool:
        following = [pool.submit(counter.add, "user:a", 7, 1) for _ in range(60)]
        answered, waiting = wait(following, 60)
        is_over.set()

    assert (first, len(waiting)) == (1, 0)
    assert sorted(one.result() for one in answered) == list(range(2, 62))


def test_all_who_are_there_when_it_falls_silent_are_counted(server: RunningRedis) -> None:
    counter = RedisCounter(server.url)
    counter.add("user:a", 6, 1)
    server.freeze()

    with ThreadPoolExecutor(60) as pool:
        counts = list(pool.map(lambda _: counter.add("user:a", 7, 1), range(60)))

    assert sorted(counts) == list(range(1, 61))


def test_a_redis_that_was_silent_is_counted_in_again(
    server: RunningRedis, client: redis.Redis
) -> None:
    counter = RedisCounter(server.url)
    server.freeze()
    assert [counter.add("user:a", 7, 1) for _ in range(3)] == [1, 2, 3]
    server.thaw()

    eventually(counts_in(client, counter))

    def counts_exactly() -> bool:
        who = f"user:{new_key()}"
        counts = [counter.add(who, 7, 1) for _ in range(3)]
        return [*counts, RedisCounter(server.url).add(who, 7, 1)] == [1, 2, 3, 4]

    eventually(counts_exactly)


FAULTS = {
    "full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "a replica": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "for others": (("CONFIG", "SET", "requirepass", "s"), ("CONFIG", "SET", "requirepass", "")),
}


@pytest.mark.parametrize(("begin", "end"), FAULTS.values(), ids=FAULTS)
def test_one_that_refuses_to_count_is_counted_in_as_soon_as_it_does_not(
    begin: tuple[str, ...], end: tuple[str, ...], server: RunningRedis, client: redis.Redis
) -> None:
    client.execute_command(*begin)
    counter = RedisCounter(server.url)

    assert [counter.add("user:a", 7, 1) for _ in range(3)] == [1, 2, 3]
    assert client.keys() == []

    client.execute_command(*end)
    eventually(counts_in(client, counter))


def test_one_that_was_not_there_is_counted_in_when_it_is() -> None:
    port = free_port()
    counter = RedisCounter(f"redis://127.0.0.1:{port}/0")
    assert [counter.add("user:a", 7, 1) for _ in range(3)] == [1, 2, 3]

    with running_redis(port) as server, redis.Redis.from_url(server.url) as client:
        eventually(counts_in(client, counter))


def test_requests_that_are_the_first_at_once_are_counted_by_one_throttle(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_make_one = threading.Barrier(2)

    def make() -> ProcessCounter:
        with contextlib.suppress(threading.BrokenBarrierError):
            both_make_one.wait(0.5)
        return ProcessCounter()

    settings.THROTTLE, settings.CACHE_URL = True, ""
    monkeypatch.setattr(throttling, "_throttle", None)
    monkeypatch.setattr(throttling, "ProcessCounter", make)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: throttling.throttle(), range(2))

    assert one is other


@pytest.mark.parametrize("path", ["/v1/cards", "/v1/nothing", "/v1/admin/outbox"])
@pytest.mark.parametrize("token", [issue("user-001"), "bad", ""])
def test_a_request_takes_one_trip_to_the_redis(
    server: RunningRedis,
    client: redis.Redis,
    patient: None,
    settings,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    token: str,
) -> None:
    settings.THROTTLE = True
    monkeypatch.setattr(throttling, "_throttle", Throttle(RedisCounter(server.url)))
    with contextlib.closing(in_process(Api(URL, token))) as caller:
        answers = [caller.http.get(path) for _ in range(3)]

    assert all("X-RateLimit-Remaining" in answer.headers for answer in answers)
    assert client.info("commandstats")["cmdstat_exec"]["calls"] == 3


def test_a_redis_that_is_silent_changes_no_answer(
    server: RunningRedis, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE, settings.THROTTLE_FAILURES_PER_MINUTE = True, 2
    monkeypatch.setattr(throttling, "_throttle", Throttle(RedisCounter(server.url)))
    server.freeze()

    with contextlib.closing(in_process(Api(URL, "bad"))) as caller:
        answers = [caller.http.get("/v1/cards") for _ in range(6)]

    assert {answer.status_code for answer in answers} == {401, 429}


def test_servers_count_together_whenever_their_redis_answers(server: RunningRedis) -> None:
    shared = {"CACHE_URL": server.url, "THROTTLE_REQUESTS_PER_MINUTE": "100"}
    with (
        memory_environment() as environment,
        running(environment, **shared) as one,
        running(environment, **shared) as other,
    ):

        def remaining() -> list[int]:
            """Return what is left of somebody new after a request to the one and to the other."""
            user = f"user-{new_key()}"
            left = []
            for url in (one.url, other.url):
                with contextlib.closing(Customer(url, user)) as customer:
                    headers = customer.get("/v1/cards").headers
                left.append(int(headers["X-RateLimit-Remaining"]))
            return left

        eventually(lambda: remaining() == [99, 98])
        server.freeze()
        eventually(lambda: remaining() == [99, 99])
        server.thaw()
        eventually(lambda: remaining() == [99, 98])

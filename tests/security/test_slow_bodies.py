"""Bodies that come slowly, never or without end: they take no thread, and little of anything."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import urlsplit

import pytest

from tests.support.api import Customer, error_of, eventually, expect
from tests.support.crowds import Crowd, as_answer, authorization, kept_request, live
from tests.support.processes import descriptors, mebibytes, threads, workers_of
from tests.support.raw_http import Reply
from tests.support.servers import RunningServer, memory_environment, running
from tests.support.strangers import (
    CHUNKED,
    CROWD,
    HALF_BODIES,
    JSON,
    USERS,
    authorized,
    half_sent,
    half_sent_in_chunks,
    tokens,
    whole,
)
from tests.support.webhook import SECRET, WEBHOOK

THREADS = 8
LOOKS = 20
OF_A_USER, OF_AN_ADDRESS, OF_ALL = 8, 32, 1_024
BURST = 200
MOST_BYTES = 64 * 1024
FLOOD, KEPT = 64, 16  # mebibytes
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server of few threads that waits for a body longer than any look at it takes."""
    settings = {"THREADS": str(THREADS), "THROTTLE": "off", "BODY_SECONDS": "60"}
    with memory_environment() as environment, running(environment, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def hasty() -> Iterator[RunningServer]:
    """A server that waits a second for a body."""
    settings = {"THROTTLE": "off", "BODY_SECONDS": "1"}
    with memory_environment() as environment, running(environment, **settings) as server:
        yield server


@pytest.fixture
def worker(server: RunningServer) -> int:
    [pid] = workers_of(server)
    return pid


# Crowds


@pytest.mark.parametrize(("half_bodies", "waited_for"), HALF_BODIES.values(), ids=HALF_BODIES)
def test_half_sent_bodies_and_silence_keep_nobody_out(
    server: RunningServer,
    customer: Customer,
    half_bodies: Callable[[], list[bytes]],
    waited_for: int,
) -> None:
    card_id = customer.card()

    with Crowd(server.url, half_bodies()) as slow, Crowd(server.url, [b""] * CROWD) as silent:
        for _ in range(LOOKS):
            expect(live(server), 200)
            expect(customer.buy(card_id, 1), 201)

        assert slow.waiting() >= waited_for
        assert set(slow.statuses()) <= {401, 503}
        assert silent.waiting() == CROWD


@pytest.mark.parametrize("half_bodies", [made for made, _ in HALF_BODIES.values()], ids=HALF_BODIES)
def test_a_crowd_that_has_gone_leaves_nothing_behind(
    server: RunningServer, worker: int, half_bodies: Callable[[], list[bytes]]
) -> None:
    with Crowd(server.url, [whole(next(tokens()))] * BURST) as warming_up:
        warming_up.answers(BURST)
    before = settled(worker)

    with Crowd(server.url, half_bodies()), Crowd(server.url, [b""] * CROWD):
        eventually(lambda: descriptors(worker) >= before[0] + CROWD)

    eventually(lambda: descriptors(worker) <= before[0] and threads(worker) <= before[1])


def settled(pid: int) -> tuple[int, int]:
    """Return how many descriptors and threads a process has, once that does not change."""
    seen: list[tuple[int, int]] = []

    def look() -> bool:
        seen.append((descriptors(pid), threads(pid)))
        return len(seen) >= 10 and len(set(seen[-10:])) == 1

    eventually(look)
    return seen[-1]


# Time


@pytest.mark.parametrize("sent", [half_sent, half_sent_in_chunks], ids=["by length", "in chunks"])
def test_a_body_that_does_not_come_is_not_waited_for(
    hasty: RunningServer, sent: Callable[[str], bytes]
) -> None:
    with Crowd(hasty.url, [sent(next(tokens()))]) as slow:
        eventually(slow.is_gone)

        assert set(slow.statuses()) <= {400}


def test_a_body_that_comes_byte_by_byte_has_no_longer(hasty: RunningServer) -> None:
    asked = kept_request("POST", USERS, JSON, "Content-Length: 60000", next(tokens()))
    with Crowd(hasty.url, [asked]) as slow:

        def is_gone() -> bool:
            slow.say(b" ")
            return slow.is_gone()

        eventually(is_gone)

        assert set(slow.statuses()) <= {400}


# Size


def over_by_length(*headers: str) -> bytes:
    return kept_request("POST", USERS, JSON, f"Content-Length: {MOST_BYTES + 1}", *headers)


def over_in_chunks(*headers: str) -> bytes:
    chunk = f"{MOST_BYTES + 1:x}\r\n".encode() + b" " * (MOST_BYTES + 1)
    return kept_request("POST", USERS, JSON, CHUNKED, *headers, body=chunk)


def flood_by_length(*headers: str) -> Iterator[bytes]:
    yield kept_request("POST", USERS, JSON, f"Content-Length: {FLOOD * MEBIBYTE}", *headers)
    yield from [b" " * MEBIBYTE] * FLOOD


def flood_in_chunks(*headers: str) -> Iterator[bytes]:
    yield kept_request("POST", USERS, JSON, CHUNKED, *headers)
    yield from [b"100000\r\n" + b" " * MEBIBYTE + b"\r\n"] * FLOOD


CALLERS = {"with a token": ([authorized("of-much-to-say")], 400), "without": ([], 401)}


@pytest.mark.parametrize(("headers", "status"), CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("sent", [over_by_length, over_in_chunks], ids=["by length", "in chunks"])
def test_a_body_too_large_is_refused_before_its_end(
    server: RunningServer, sent: Callable[..., bytes], headers: list[str], status: int
) -> None:
    with Crowd(server.url, [sent(*headers)]) as large:
        eventually(large.is_gone)

        assert large.statuses() == [status]


@pytest.mark.parametrize(("headers", "status"), CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("sent", [flood_by_length, flood_in_chunks], ids=["by length", "in chunks"])
def test_a_body_without_end_is_not_kept(
    server: RunningServer,
    worker: int,
    sent: Callable[..., Iterator[bytes]],
    headers: list[str],
    status: int,
) -> None:
    before = mebibytes(worker, "VmHWM")

    reply = flood(server, sent(*headers))

    assert reply.statuses in ([status], [])  # what is refused need not be read until it is heard
    assert mebibytes(worker, "VmHWM") < before + KEPT


def flood(server: RunningServer, parts: Iterator[bytes]) -> Reply:
    """Send until the server hangs up, and return what it said."""
    address = urlsplit(server.url)
    received = b""
    with (
        socket.create_connection((address.hostname, address.port), 60) as connection,
        contextlib.suppress(ConnectionError),
    ):
        for part in parts:
            connection.sendall(part)
        while part := connection.recv(65_536):
            received += part
    return Reply(received)


# Numbers


def test_a_user_may_have_eight_bodies_on_the_way(server: RunningServer, customer: Customer) -> None:
    asked = half_sent(authorization(customer), "X-Request-ID: of-a-test")

    with Crowd(server.url, [asked] * (OF_A_USER + 1)) as slow:
        assert slow.answers(1) == [503]
        assert slow.waiting() == OF_A_USER
        [told] = [reply for reply in slow.replies() if reply.raw]
        answer = as_answer(told, "POST", f"{server.url}{USERS}")
        error_of(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.json()["meta"]["requestId"] == answer.headers["X-Request-ID"] == "of-a-test"
        assert int(answer.headers["Retry-After"]) >= 1

        slow.say(b"}")

        assert sorted(slow.answers(1 + OF_A_USER)) == [*[200] * (OF_A_USER - 1), 201, 503]


def test_bodies_that_have_come_or_never_came_make_room_for_others(
    hasty: RunningServer,
) -> None:
    token = next(tokens())
    for _ in range(3):
        with Crowd(hasty.url, [half_sent(token)] * OF_A_USER) as slow:
            eventually(slow.is_gone)

            assert set(slow.statuses()) <= {400}


def test_what_comes_at_once_is_not_on_the_way(server: RunningServer, customer: Customer) -> None:
    customer.register()
    token = authorization(customer)

    with Crowd(server.url, [half_sent(token)] * (OF_A_USER + 1)) as slow:
        assert slow.answers(1) == [503]
        with Crowd(server.url, [whole(token)] * BURST) as burst:
            assert burst.answers(BURST) == [200] * BURST

        assert slow.waiting() == OF_A_USER


def test_all_users_together_may_have_a_thousand_bodies_on_the_way(server: RunningServer) -> None:
    more = 20
    asked = [half_sent(token) for token in islice(tokens(), OF_ALL + more)]

    with Crowd(server.url, asked) as slow:
        assert slow.answers(more) == [503] * more
        assert slow.waiting() == OF_ALL
        expect(live(server), 200)


@pytest.fixture(scope="module")
def proxied() -> Iterator[RunningServer]:
    """A server behind a proxy, which tells it of addresses."""
    settings = {
        "TRUSTED_PROXIES": "1",
        "ALLOW_MOCK_TOKENS": "off",
        "THROTTLE": "off",
        "WEBHOOK_SECRET": SECRET,
        "BODY_SECONDS": "60",
    }
    with memory_environment() as environment, running(environment, **settings) as server:
        yield server


def test_an_address_may_have_thirty_two_bodies_on_the_way(proxied: RunningServer) -> None:
    secret = f"X-Webhook-Secret: {SECRET}"
    ones, anothers = (f"X-Forwarded-For: 203.0.113.{host}" for host in (7, 8))

    with (
        Crowd(proxied.url, [half_sent(secret, ones, target=WEBHOOK)] * (OF_AN_ADDRESS + 1)) as slow,
        Crowd(proxied.url, [half_sent(secret, anothers, target=WEBHOOK)]) as another,
    ):
        assert slow.answers(1) == [503]
        assert slow.waiting() == OF_AN_ADDRESS

        another.say(b"}")
        assert 503 not in another.answers(1)

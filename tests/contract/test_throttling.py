"""Throttling, on a server that lets a user do 5 things a minute and an address fail 3 times."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from tests.support.api import Api, Customer, error_of, expect, new_address, new_key
from tests.support.servers import RunningServer

REQUESTS = 5
FAILURES = 3


@pytest.fixture
def strict(strict_server: RunningServer, opened: Callable[[Api], Api]) -> Callable[..., Customer]:
    """Makes users of the strict server."""

    def make(**options: str) -> Customer:
        customer = Customer(strict_server.url, **options)
        opened(customer)
        return customer

    return make


def in_one_window(act: Callable[[], list[httpx.Response]]) -> list[httpx.Response]:
    """Return what `act` gave, once all of it fell into the same minute."""
    for _ in range(2):
        answers = act()
        if len({answer.headers["X-RateLimit-Reset"] for answer in answers}) == 1:
            return answers
    raise AssertionError("two minutes in a row ended meanwhile")


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_requests_are_counted_exactly(strict: Callable[..., Customer]) -> None:
    def act() -> list[httpx.Response]:
        customer = strict()
        return [customer.get("/v1/cards") for _ in range(REQUESTS + 2)]

    answers = in_one_window(act)

    assert statuses(answers) == [200] * REQUESTS + [429] * 2
    remaining = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert remaining == [4, 3, 2, 1, 0, 0, 0]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {str(REQUESTS)}


def test_one_over_the_limit_is_told_when_to_come_back(strict: Callable[..., Customer]) -> None:
    def act() -> list[httpx.Response]:
        customer = strict()
        return [customer.get("/v1/cards") for _ in range(REQUESTS + 1)]

    refused = in_one_window(act)[-1]

    error_of(refused, 429, "RATE_LIMIT_EXCEEDED")
    resets_in = int(refused.headers["X-RateLimit-Reset"]) - time.time()
    assert 0 < resets_in <= 60
    assert abs(int(refused.headers["Retry-After"]) - resets_in) <= 2


def test_simultaneous_requests_are_counted_exactly(strict: Callable[..., Customer]) -> None:
    def act() -> list[httpx.Response]:
        customer = strict()
        with ThreadPoolExecutor(20) as pool:
            return list(pool.map(lambda _: customer.get("/v1/cards"), range(20)))

    assert statuses(in_one_window(act)).count(200) == REQUESTS


def test_a_refused_request_has_no_effect(strict: Callable[..., Customer]) -> None:
    def act() -> list[httpx.Response]:
        customer = strict()
        answers = [customer.get("/v1/cards") for _ in range(REQUESTS)]
        return [*answers, customer.post("/v1/users", {}, key="")]

    refused = in_one_window(act)[-1]

    error_of(refused, 429, "RATE_LIMIT_EXCEEDED")


def test_users_are_counted_apart(strict: Callable[..., Customer]) -> None:
    first, second = strict(), strict()
    for _ in range(REQUESTS + 1):
        first.get("/v1/cards")

    expect(second.get("/v1/cards"), 200)


def test_a_user_is_counted_wherever_it_is(strict: Callable[..., Customer]) -> None:
    def act() -> list[httpx.Response]:
        places = [strict(ecosystem_id=f"roaming-{new_key()}")]
        places += [strict(ecosystem_id=places[0].ecosystem_id) for _ in range(REQUESTS)]
        assert len({place.address for place in places}) > 1
        return [place.get("/v1/cards") for place in places]

    assert statuses(in_one_window(act))[-1] == 429


def failing(server: RunningServer, *addresses: str) -> list[httpx.Response]:
    """Fail to authenticate once from each address."""
    answers = []
    for address in addresses:
        with closing(Api(server.url, "bad", address)) as api:
            answers.append(api.get("/v1/cards"))
    return answers


def failing_through(server: RunningServer, *forwarded: str) -> list[httpx.Response]:
    """Fail to authenticate once for each X-Forwarded-For that a proxy sends."""
    with closing(Api(server.url, "bad")) as proxy:
        return [proxy.get("/v1/cards", headers={"X-Forwarded-For": value}) for value in forwarded]


def test_failed_authentications_are_counted_by_address(strict_server: RunningServer) -> None:
    answers = in_one_window(
        lambda: failing(strict_server, *[new_address()] * (FAILURES + 1)),
    )

    assert statuses(answers) == [401] * FAILURES + [429]
    error_of(answers[-1], 429, "RATE_LIMIT_EXCEEDED")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {str(FAILURES)}


def test_another_address_may_still_fail(strict_server: RunningServer) -> None:
    failing(strict_server, *[new_address()] * (FAILURES + 1))

    assert statuses(failing(strict_server, new_address())) == [401]


def test_a_valid_token_from_a_blocked_address_is_served(
    strict_server: RunningServer, strict: Callable[..., Customer]
) -> None:
    address = new_address()
    blocked = in_one_window(lambda: failing(strict_server, *[address] * (FAILURES + 1)))
    assert statuses(blocked)[-1] == 429

    expect(strict(address=address).get("/v1/cards"), 200)


def test_behind_a_trusted_proxy_it_is_the_address_that_the_proxy_heard_from(
    proxied_server: RunningServer,
) -> None:
    mine = new_address()

    answers = in_one_window(lambda: failing_through(proxied_server, *[mine] * (FAILURES + 1)))

    assert statuses(answers)[-1] == 429
    assert statuses(failing_through(proxied_server, new_address())) == [401]


def test_what_came_before_the_trusted_proxy_is_hearsay(proxied_server: RunningServer) -> None:
    def act() -> list[httpx.Response]:
        mine = new_address()
        return failing_through(
            proxied_server, *(f"{new_address()}, {new_address()}, {mine}" for _ in range(4))
        )

    assert statuses(in_one_window(act)) == [401, 401, 401, 429]


def test_the_addresses_of_a_network_of_version_6_fail_together(
    proxied_server: RunningServer,
) -> None:
    def act() -> list[httpx.Response]:
        _, *parts = new_address().split(".")
        network = f"fd00:{':'.join(parts)}"
        return failing_through(proxied_server, *(f"{network}::{host}" for host in range(1, 5)))

    assert statuses(in_one_window(act)) == [401, 401, 401, 429]


def test_the_address_may_be_written_with_its_port(proxied_server: RunningServer) -> None:
    def act() -> list[httpx.Response]:
        mine = new_address()
        written = [f"{mine}:51234", f"{mine}:51235", mine, f"[::ffff:{mine}]:51236"]
        return failing_through(proxied_server, *written)

    assert statuses(in_one_window(act)) == [401, 401, 401, 429]


def test_the_header_counts_for_nothing_where_no_proxy_is_trusted(
    strict_server: RunningServer,
) -> None:
    def act() -> list[httpx.Response]:
        return failing_through(strict_server, *(new_address() for _ in range(4)))

    assert statuses(in_one_window(act))[-1] == 429


def test_a_development_token_that_was_forwarded_is_a_failure(strict_server: RunningServer) -> None:
    def act() -> list[httpx.Response]:
        with closing(Customer(strict_server.url)) as customer:
            headers = {"X-Forwarded-For": new_address()}
            return [customer.get("/v1/cards", headers=headers) for _ in range(FAILURES + 1)]

    assert statuses(in_one_window(act)) == [401] * FAILURES + [429]


def test_health_is_never_throttled(strict_server: RunningServer) -> None:
    api = Api(strict_server.url)

    answers = [api.get("/health/liveness") for _ in range(2 * REQUESTS)]

    api.close()
    assert statuses(answers) == [200] * 2 * REQUESTS
    assert "X-RateLimit-Limit" not in answers[0].headers

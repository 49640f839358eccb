"""Requests from pages of other origins."""

import httpx
import pytest

from tests.support.api import Api, Customer, error_of, expect

OURS = "http://localhost:3000"
FOREIGN = [
    "https://evil.example",
    "https://localhost:3000",
    "http://localhost.evil.example",
    "http://localhost:3000.evil.example",
    "http://evil.example/http://localhost:3000",
    "http://127.0.0.1:3000",
    "null",
]
HEADERS = {
    "content-type",
    "authorization",
    "idempotency-key",
    "if-none-match",
    "x-request-id",
    "traceparent",
}
EXPOSED = {
    "x-request-id",
    "etag",
    "idempotent-replayed",
    "retry-after",
    "x-stale-data",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
}


def preflight(api: Api, origin: str, method: str = "POST") -> httpx.Response:
    return api.call(
        "OPTIONS",
        "/v1/cards/requests",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(HEADERS)),
        },
    )


def named(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def test_a_preflight_from_our_page_is_granted_without_a_token(anyone: Api) -> None:
    answer = preflight(anyone, OURS)

    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert named(answer.headers["Access-Control-Allow-Headers"]) == HEADERS
    assert named(answer.headers["Access-Control-Allow-Methods"]) >= {"get", "post", "patch"}


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_preflight_from_another_page_is_not(anyone: Api, origin: str) -> None:
    answer = preflight(anyone, origin)

    assert "Access-Control-Allow-Origin" not in answer.headers


def test_our_page_may_read_the_answer_and_its_headers(customer: Customer) -> None:
    answer = customer.get("/v1/cards", headers={"Origin": OURS})

    expect(answer, 200)
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert named(answer.headers["Access-Control-Expose-Headers"]) == EXPOSED


def test_our_page_may_read_a_refusal(anyone: Api) -> None:
    answer = anyone.get("/v1/cards", headers={"Origin": OURS})

    error_of(answer, 401, "INVALID_TOKEN")
    assert answer.headers["Access-Control-Allow-Origin"] == OURS


def test_our_page_may_read_that_nothing_changed(customer: Customer) -> None:
    customer.register()

    answer = customer.get("/v1/dashboard", headers={"Origin": OURS, "If-None-Match": "*"})

    assert answer.status_code == 304
    assert answer.headers["Access-Control-Allow-Origin"] == OURS


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_may_not_read_the_answer(customer: Customer, origin: str) -> None:
    answer = customer.get("/v1/cards", headers={"Origin": origin})

    expect(answer, 200)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_options_without_an_origin_does_nothing(customer: Customer) -> None:
    customer.register()

    answer = customer.call(
        "OPTIONS", "/v1/cards/requests", {"productId": "default-credit-card"}, key="mine"
    )

    assert answer.is_success
    assert expect(customer.get("/v1/cards"), 200)["cards"] == []

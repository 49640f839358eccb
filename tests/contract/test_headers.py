"""What every answer carries, for browsers above all."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.api import Admin, Api, Customer, error_of, expect
from tests.support.servers import RunningServer

NOTHING_CHANGED = {"If-None-Match": "*"}
ANSWERS: dict[str, Callable[[Customer], httpx.Response]] = {
    "200": lambda customer: customer.get("/v1/cards"),
    "201": lambda customer: customer.request_card(),
    "304": lambda customer: customer.get("/v1/dashboard", headers=NOTHING_CHANGED),
    "400": lambda customer: customer.get("/v1/cards", params={"type": "debit-card"}),
    "401": lambda customer: customer.get("/v1/cards", headers={"Authorization": ""}),
    "403": lambda customer: customer.get("/v1/admin/outbox"),
    "404": lambda customer: customer.get("/v1/cards/none"),
    "405": lambda customer: customer.call("DELETE", "/v1/cards"),
    "415": lambda customer: customer.call(
        "POST", "/v1/users", content="x", headers={"Content-Type": "text/plain"}
    ),
    "unknown route": lambda customer: customer.get("/v1/nothing"),
    "HEAD": lambda customer: customer.call("HEAD", "/v1/cards"),
    "OPTIONS": lambda customer: customer.call("OPTIONS", "/v1/cards"),
    "preflight": lambda customer: customer.call(
        "OPTIONS",
        "/v1/cards",
        headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"},
    ),
}


@pytest.mark.parametrize("act", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_under_v1_is_for_its_caller_alone(
    customer: Customer, act: Callable[[Customer], httpx.Response]
) -> None:
    customer.register()

    headers = act(customer).headers

    assert headers["Cache-Control"] == "private, no-cache"
    assert {"authorization", "origin"} <= set(headers["Vary"].lower().split(", "))


@pytest.mark.parametrize("act", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_under_v1_has_its_security_headers(
    customer: Customer, act: Callable[[Customer], httpx.Response]
) -> None:
    customer.register()

    headers = act(customer).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"]
    assert headers["X-Request-ID"]


@pytest.mark.parametrize("act", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_under_v1_tells_the_rate(
    customer: Customer, act: Callable[[Customer], httpx.Response]
) -> None:
    customer.register()

    headers = act(customer).headers

    assert int(headers["X-RateLimit-Limit"]) > int(headers["X-RateLimit-Remaining"]) - 1
    assert int(headers["X-RateLimit-Reset"]) > 1_700_000_000


@pytest.mark.parametrize(
    "path", ["/health/liveness", "/health/readiness", "/openapi.yaml", "/docs", "/favicon.ico", "/"]
)
def test_answers_outside_v1_have_the_security_headers_too(anyone: Api, path: str) -> None:
    headers = anyone.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"]
    assert headers["Referrer-Policy"]
    assert headers["X-Request-ID"]


@pytest.fixture
def proxy(proxied_server: RunningServer, opened: Callable[[Api], Api]) -> Api:
    """The proxy in front of a server that believes it."""
    return opened(Api(proxied_server.url))


@pytest.mark.parametrize("path", ["/health/liveness", "/v1/cards", "/nothing", "/docs"])
def test_behind_tls_browsers_are_told_to_stay_there(proxy: Api, path: str) -> None:
    answer = proxy.get(path, headers={"X-Forwarded-Proto": "https"})

    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_an_answer_never_sets_a_cookie(customer: Customer) -> None:
    answer = customer.post("/v1/users", {}, key="")

    expect(answer, 201)
    assert "Set-Cookie" not in answer.headers


odd = pytest.mark.parametrize(
    "value",
    [b"\xff\xfe\x80", "é日".encode(), b'"', b"a" * 4000],
    ids=["bytes", "text", "quote", "long"],
)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-Request-ID",
        "traceparent",
        "Idempotency-Key",
        "User-Agent",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "If-None-Match",
        "If-Modified-Since",
        "Origin",
        "Content-Type",
        "Accept",
        "Cookie",
        "Host",
    ],
)
@odd
def test_no_header_causes_a_crash(admin: Admin, name: str, value: bytes) -> None:
    answer = admin.patch(
        "/v1/admin/users/nobody/score",
        {"score": 1, "reason": "Long enough a reason"},
        headers={name: value},
    )

    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto"])
@odd
def test_no_header_of_a_trusted_proxy_causes_a_crash(proxy: Api, name: str, value: bytes) -> None:
    expect(proxy.get("/health/liveness", headers={name: value}), 200)
    error_of(proxy.get("/v1/cards", headers={name: value}), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("value", [b"\xff\xfe\x80", "é日\u0000".encode()[:-1], b"a" * 4000])
def test_an_odd_user_agent_does_not_keep_an_action_from_its_audit_record(
    admin: Admin, customer: Customer, value: bytes
) -> None:
    customer.register()

    expect(admin.set_score(customer, 600, headers={"User-Agent": value}), 200)

    assert len(admin.audit_of("user", customer.ecosystem_id)) == 1

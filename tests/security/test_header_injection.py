"""Headers as an attacker sends them: broken, doubled, endless, or meant for the answer's own."""

import pytest

from accounts.development_tokens import issue
from tests.support.api import Customer, expect, new_key
from tests.support.raw_http import Reply, exchange, request
from tests.support.servers import RunningServer

MARK = "mark-5f3a"
AS_USER = f"Authorization: Bearer {issue('a-user')}"
AS_ADMIN = f"Authorization: Bearer {issue('an-admin', 'admin')}"
NAMES = [
    "X-Request-ID",
    "traceparent",
    "Idempotency-Key",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "Origin",
    "Host",
    "If-None-Match",
    "Accept",
    "Access-Control-Request-Headers",
    "X-Webhook-Secret",
    "Authorization",
]
INJECTED = {
    "a bare CR": f"a\rX-Injected: {MARK}",
    "a bare LF": f"a\nX-Injected: {MARK}",
    "a line break": f"a\r\nX-Injected: {MARK}",
    "a continued line": f"a\r\n X-Injected: {MARK}",
    "a whole answer": f"a\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: {MARK}\r\n\r\n",
    "encoded": f"a%0d%0aX-Injected:%20{MARK}",
    "escaped": f"a\\r\\nX-Injected: {MARK}",
    "a NUL": f"a\x00X-Injected: {MARK}",
    "an escape": f"\x1b[31mX-Injected: {MARK}",
    "a C1 line break": f"a\x85X-Injected: {MARK}",
    "markup": f"<script>X-Injected: {MARK}</script>",
}
ECHOED = {("X-Request-ID", "encoded")}
"""What is 1 to 128 visible ASCII characters comes back as it is, in its own header."""


def get(server: RunningServer, *headers: str, path: str = "/v1/offers") -> Reply:
    return exchange(server.url, request("GET", path, *headers))


@pytest.mark.parametrize("kind", INJECTED)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_in_a_header_does_not_come_back(
    server: RunningServer, proxied: RunningServer, name: str, kind: str
) -> None:
    asked = proxied if name.startswith("X-Forwarded") else server
    headers = [AS_USER, f"{name}: {INJECTED[kind]}"]

    for path in ("/v1/offers", "/nowhere"):
        answered = get(asked, *headers, path=path)

        first, *rest = answered.statuses
        assert 400 <= first < 500
        assert set(rest) <= {400}, "what follows the request's end is no second one"
        assert "x-injected" not in dict(answered.headers)
        if (name, kind) not in ECHOED:
            assert MARK.encode() not in answered.raw


@pytest.mark.parametrize(
    "path", [f"/v1/{{}}{MARK}", f"/v1/cards/{{}}{MARK}", f"/{{}}{MARK}?a={{}}"]
)
@pytest.mark.parametrize("break_", ["%0d%0a", "%0a", "%00", "%e5%98%8a%e5%98%8d", "%c0%8a"])
def test_what_is_sent_in_a_path_does_not_come_back(
    server: RunningServer, path: str, break_: str
) -> None:
    answered = get(server, AS_USER, path=path.replace("{}", f"{break_}X-Injected:"))

    assert answered.status == 404
    assert MARK.encode() not in answered.raw


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80"])
@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Forwarded-Server"])
def test_no_answer_names_the_host_it_was_asked_by(
    proxied: RunningServer, name: str, host: str
) -> None:
    for path in ("/v1/nothing", "/docs", "/openapi.yaml", "/health/readiness"):
        answered = get(proxied, f"{name}: {host}", path=path)

        assert b"evil.example" not in answered.raw
        assert "location" not in dict(answered.headers)


@pytest.mark.parametrize("headers", [(AS_USER, AS_ADMIN), (AS_ADMIN, AS_USER), (AS_ADMIN,) * 2])
def test_two_tokens_are_none(server: RunningServer, headers: tuple[str, str]) -> None:
    assert get(server, *headers, path="/v1/admin/outbox").status == 401


def test_two_keys_are_one_that_is_neither(server: RunningServer, customer: Customer) -> None:
    card_id, key = customer.card(), new_key()
    path, body = f"/v1/cards/{card_id}/transactions/purchases", b'{"amount": 1}'
    bearer = f"Authorization: {customer.http.headers['Authorization']}"
    twice = [f"Idempotency-Key: {key}", "Idempotency-Key: second", f"Content-Length: {len(body)}"]

    for _ in range(2):
        exchange(server.url, request("POST", path, bearer, *twice, body=body))
    expect(customer.buy(card_id, 2, key=key), 201)

    assert customer.shown_card(card_id)["balance"] in {2, 3}


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 3", "Content-Length: 2"),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 2"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Content-Length: 2"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Content-Length : 2",),
    ],
    ids=" + ".join,
)
def test_a_body_whose_end_is_in_doubt_hides_no_second_request(
    server: RunningServer, framing: tuple[str, ...]
) -> None:
    """The connection stays open, so a request that was smuggled in would be answered."""
    hidden = request("GET", f"/v1/{MARK}")
    sent = request("POST", "/v1/users", AS_USER, *framing, body=b"0\r\n\r\n" + hidden)

    answered = exchange(server.url, sent.replace(b"Connection: close\r\n", b"", 1))

    assert answered.statuses == [400]


@pytest.mark.parametrize(
    "headers",
    [[f"X-{number}: a" for number in range(500)], ["X: " + "a" * 2_000_000], ["a" * 2_000_000]],
    ids=["very many", "a very long one", "one without a colon"],
)
def test_more_headers_than_anyone_needs_are_refused_and_disturb_nobody(
    server: RunningServer, customer: Customer, headers: list[str]
) -> None:
    answered = get(server, AS_USER, *headers)

    assert set(answered.statuses) <= {400, 431}  # none where it hung up while we still sent
    expect(customer.get("/v1/cards"), 200)

"""Paths, methods and bodies that try to be taken for others."""

import gzip
import json

import pytest

from accounts.development_tokens import issue
from tests.support.api import Customer, error_of, expect, invalid
from tests.support.raw_http import exchange, request
from tests.support.repeated import REPEATED
from tests.support.servers import RunningServer

AS_USER = f"Authorization: Bearer {issue('a-user')}"
SAME_PLACE = [
    "/v1/%61dmin/outbox",
    "/v1%2fadmin%2foutbox",
    "/v1/admin%2Foutbox",
    "/%76%31/admin/outbox",
]
ELSEWHERE = [
    "//v1/admin/outbox",
    "/v1//admin/outbox",
    "/v1/./admin/outbox",
    "/v1/cards/../admin/outbox",
    "/v1/cards/%2e%2e/admin/outbox",
    "/v1/cards/..%2fadmin/outbox",
    "/v1/cards/%252e%252e/admin/outbox",
    "/v1/cards/..;/admin/outbox",
    "/v1/cards/..\\admin/outbox",
    "/v1\\admin\\outbox",
    "/v1/admin;x=y/outbox",
    "/v1/admin/outbox;.css",
    "/v1/admin/outbox/",
    "/v1/admin/outbox/.",
    "/v1/admin/outbox.",
    "/v1/admin/outbox.json",
    "/v1/admin/outbox%20",
    "/v1/admin/outbox%00",
    "/v1/admin/outbox%0a",
    "/v1/admin/outbox%3f",
    "/v1/admin/outbox%23",
    "/v1/Admin/outbox",
    "/V1/ADMIN/OUTBOX",
    "/v1/%c4%b1admin/outbox",
    "/v1/adm%c4%b1n/outbox",
    "/v1/admin/outbox/%2e%2e/%2e%2e/users",
]
OVERRIDING = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]


@pytest.mark.parametrize("path", SAME_PLACE)
def test_a_path_written_otherwise_is_guarded_all_the_same(server: RunningServer, path: str) -> None:
    as_user = exchange(server.url, request("GET", path, AS_USER))

    assert as_user.status == 403
    assert dict(as_user.headers)["cache-control"] == "private, no-cache"
    assert exchange(server.url, request("GET", path)).status == 401


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_way_around_leads_to_where_admins_are(server: RunningServer, path: str) -> None:
    assert exchange(server.url, request("GET", path, AS_USER)).status == 404


@pytest.mark.parametrize("target", ["*", "localhost:443", "http://evil.example", "admin"])
@pytest.mark.parametrize("method", ["OPTIONS", "CONNECT", "GET"])
def test_a_target_that_is_no_path_leads_nowhere(
    server: RunningServer, method: str, target: str
) -> None:
    answered = exchange(server.url, request(method, target))

    assert answered.status in {400, 404}
    if answered.body:
        assert dict(answered.headers)["x-content-type-options"] == "nosniff"
        assert json.loads(answered.body)["error"]["code"] == "NOT_FOUND"


def test_a_trace_tells_nothing_of_the_request(server: RunningServer) -> None:
    for path in ("/v1/cards", "/health/liveness", "/nowhere"):
        answered = exchange(server.url, request("TRACE", path, AS_USER, "Cookie: mark-5f3a"))

        assert answered.status in {404, 405}
        assert b"mark-5f3a" not in answered.raw
        assert AS_USER.encode() not in answered.raw


@pytest.mark.parametrize("name", OVERRIDING)
def test_a_method_is_what_the_request_line_says(customer: Customer, name: str) -> None:
    customer.register()

    for asked in ("POST", "DELETE", "GET"):
        named = {"headers": {name: asked}, "params": {name: asked, "_method": asked}}
        expect(customer.get("/v1/cards", **named), 200)
        error_of(customer.call("PUT", "/v1/cards", **named), 405, "METHOD_NOT_ALLOWED")
        invalid(customer.post("/v1/cards/requests", {name: asked, "_method": asked}, **named))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "br", "gzip, gzip"])
def test_a_compressed_body_is_never_unpacked(customer: Customer, encoding: str) -> None:
    packed = gzip.compress(b'{"email": "' + b"x" * 10_000_000 + b'"}')
    assert len(packed) < 64 * 1024

    answer = customer.post(
        "/v1/users", key="", content=packed, headers={"Content-Encoding": encoding}
    )

    error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["/v1/cards", "/v1/offers", "/v1/nothing", "/health/liveness"])
@pytest.mark.parametrize("query", ["&".join(["a=1"] * 5000), "&" * 60_000, "type=%ff&" * 2000])
def test_no_number_of_query_parameters_causes_a_crash(
    customer: Customer, path: str, query: str
) -> None:
    customer.register()

    answer = customer.get(f"{path}?{query}")

    assert answer.status_code in {200, 400, 404}


def test_more_query_parameters_than_are_read_are_refused(customer: Customer) -> None:
    invalid(customer.get("/v1/cards?" + "&".join(["a=1"] * 1001)))


def test_a_body_of_very_many_fields_is_read_like_any_other(customer: Customer) -> None:
    fields = dict.fromkeys((f"{number:x}" for number in range(6000)), 0)

    expect(customer.post("/v1/users", fields, key=""), 201)


@pytest.mark.parametrize(("sent", "status"), REPEATED)
def test_a_header_that_comes_twice_is_not_taken_for_one_value(
    server: RunningServer, sent: bytes, status: int
) -> None:
    assert exchange(server.url, sent).status == status


def test_a_name_with_an_underscore_is_no_other_header(server: RunningServer) -> None:
    sent = request("GET", "/v1/cards", AS_USER.replace("-", "_"), "X_Request_ID: chosen")

    answer = exchange(server.url, sent.replace(b"Authorization:", b"Authorization_:"))

    assert answer.status == 401
    assert dict(answer.headers)["x-request-id"] != "chosen"

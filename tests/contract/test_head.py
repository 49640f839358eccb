"""HEAD is GET without the body."""

import httpx

from tests.support.api import Api, Customer

PASSING = {"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}


def lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in PASSING}


def test_head_has_the_headers_of_get_and_no_body(customer: Customer) -> None:
    card_id = customer.card()

    for path in (f"/v1/cards/{card_id}", "/v1/cards", "/v1/offers", "/openapi.yaml", "/docs"):
        got, head = customer.get(path), customer.call("HEAD", path)

        assert lasting(head) == lasting(got)
        assert head.status_code == got.status_code == 200
        assert head.content == b""


def test_head_of_the_dashboard_has_its_etag(customer: Customer) -> None:
    customer.register()

    got, head = customer.get("/v1/dashboard"), customer.call("HEAD", "/v1/dashboard")

    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.content == b""


def test_head_of_a_dashboard_one_has_is_not_modified(customer: Customer) -> None:
    customer.register()
    etag = customer.get("/v1/dashboard").headers["ETag"]

    answer = customer.call("HEAD", "/v1/dashboard", headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert "Content-Length" not in answer.headers


def test_head_needs_a_token(anyone: Api) -> None:
    answer = anyone.call("HEAD", "/v1/dashboard")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.content == b""


def test_head_of_what_only_takes_post_is_not_allowed(customer: Customer) -> None:
    answer = customer.call("HEAD", "/v1/users")

    assert answer.status_code == 405
    assert answer.content == b""


def test_head_of_an_unknown_route_is_not_found(anyone: Api) -> None:
    answer = anyone.call("HEAD", "/v1/nothing")

    assert answer.status_code == 404
    assert answer.content == b""

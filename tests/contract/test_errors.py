"""The one shape of errors, and the refusals that belong to no operation of its own."""

import pytest

from tests.support.api import NOBODYS_ID, Api, Customer, error_of, expect, invalid
from tests.support.document import METHODS, document, filled
from tests.support.webhook import WEBHOOK

UNKNOWN = [
    "/",
    "/v1",
    "/v1/",
    "/v2/users",
    "/v1/nothing",
    "/users",
    "/health",
    "/health/",
    "/admin/",
    "/v1/users/",
    "/v1/dashboard/",
    f"/v1/cards/{NOBODYS_ID}/",
    f"/v1/cards/{NOBODYS_ID}/transactions/",
    "/v1/admin/outbox/",
    "/health/liveness/",
    "/openapi.yaml/",
    "/docs/",
    "/V1/users",
    "/v1/Users",
    "/v1/USERS",
    "/Health/liveness",
    "/v1/admin/Card-Requests",
    f"/v1/cards/{NOBODYS_ID}/Transactions",
    "/v1//users",
    "//v1/users",
    "/v1/users.json",
    "/v1/users;a=b",
    "/v1/%00",
    "/v1/%ff",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/docs/..%2f..%2fmanage.py",
    "/docs/nothing.js",
    "/static/x",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_route_is_not_found(anyone: Api, path: str) -> None:
    answer = anyone.call("GET", f"{anyone.base_url}{path}")

    error_of(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_an_unknown_route_is_not_found_by_any_method(anyone: Api, method: str) -> None:
    answer = anyone.call(method, "/v1/users/", {"email": "x"}, headers={"Accept": "text/html"})

    error_of(answer, 404, "NOT_FOUND")


def test_an_error_has_the_one_shape(anyone: Api) -> None:
    answer = anyone.get("/v1/nothing")

    body = expect(answer, 404)
    assert answer.headers["Content-Type"] == "application/json"
    assert body.keys() == {"error", "meta"}
    assert body["error"].keys() == {"code", "message"}
    assert body["meta"] == {"requestId": answer.headers["X-Request-ID"]}


def test_details_name_every_offending_field(customer: Customer, admin: Customer) -> None:
    customer.register()
    path = f"/v1/admin/users/{customer.ecosystem_id}/score"

    error = error_of(admin.patch(path, {"score": -1, "reason": "short"}), 400, "VALIDATION_ERROR")

    assert error["details"].keys() == {"score", "reason"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0", "nonsense"])
def test_accept_is_not_negotiated(anyone: Api, accept: str) -> None:
    answer = anyone.get("/v1/nothing", headers={"Accept": accept})

    error_of(answer, 404, "NOT_FOUND")
    assert answer.headers["Content-Type"] == "application/json"


def test_a_success_is_json_whatever_is_accepted(anyone: Api) -> None:
    answer = anyone.get("/health/liveness", headers={"Accept": "text/html"})

    expect(answer, 200)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [path for path in document()["paths"] if path != WEBHOOK])
def test_a_known_route_names_its_methods_to_another(admin: Customer, path: str) -> None:
    """The webhook tells them only to who has its secret: see `test_webhook`."""
    known = {method.upper() for method in document()["paths"][path]}

    for method in sorted(METHODS - known):
        answer = admin.call(method, filled(path))

        error_of(answer, 405, "METHOD_NOT_ALLOWED")
        allowed = set(answer.headers["Allow"].split(", "))
        assert known == allowed & METHODS


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND"])
def test_a_method_nobody_knows_is_not_allowed(customer: Customer, method: str) -> None:
    error_of(customer.call(method, "/v1/dashboard"), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "nonsense",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset*=utf-8''utf-16",
        "application/json; charset=",
        "application/json; charset",
        "application/json; =utf-8",
        "application/json charset=utf-8",
        "application/json, application/json",
        ";application/json",
    ],
)
def test_a_body_of_another_media_type_is_refused(customer: Customer, media_type: str) -> None:
    answer = customer.post(
        "/v1/users", key="", content=b'{"email": null}', headers={"Content-Type": media_type}
    )

    error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'Application/JSON ; Charset="utf-8";',
        "application/json; charset=utf8; profile=other",
    ],
)
def test_json_may_name_its_encoding(customer: Customer, media_type: str) -> None:
    answer = customer.post("/v1/users", key="", content=b"{}", headers={"Content-Type": media_type})

    expect(answer, 201)


def test_json_may_go_without_a_name(customer: Customer) -> None:
    answer = customer.post("/v1/users", key="", content=b"{}", headers={"Content-Type": ""})

    expect(answer, 201)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity", "nonsense"])
def test_a_body_in_a_coding_is_refused_and_told_so(customer: Customer, coding: str) -> None:
    answer = customer.post("/v1/users", key="", content=b"{}", headers={"Content-Encoding": coding})

    error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["Accept-Encoding"] == "identity"


def test_a_body_may_say_that_it_is_as_it_is(customer: Customer) -> None:
    headers = {"Content-Encoding": "Identity"}

    expect(customer.post("/v1/users", key="", content=b"{}", headers=headers), 201)


def test_no_body_is_of_no_media_type(customer: Customer) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-16", "Content-Encoding": "gzip"}

    expect(customer.post("/v1/users", key="", headers=headers), 201)


@pytest.mark.parametrize("charset", ["hex", "undefined", "utf-16", "idna", "nonsense"])
def test_how_a_body_is_encoded_says_nothing_of_the_query(customer: Customer, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}

    expect(customer.get("/v1/cards?status=%61ctive", headers=headers), 200)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (path, given["name"], given["schema"].get("enum", ["1"])[0])
        for path, described in document()["paths"].items()
        for given in described.get("get", {}).get("parameters", ())
        if given["in"] == "query"
    ],
)
def test_a_parameter_of_the_query_is_given_once(
    admin: Customer, path: str, name: str, value: str
) -> None:
    for others in ([value], [value, value]):
        asked = {name: [value, *others]}

        assert invalid(admin.get(filled(path), params=asked), name)["details"] == {
            name: "must be given once"
        }


def test_an_unknown_parameter_of_the_query_is_ignored_however_often(customer: Customer) -> None:
    expect(customer.get("/v1/cards?other=1&other=2"), 200)

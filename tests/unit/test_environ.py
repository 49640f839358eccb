"""What a WSGI application is told of a request that granian received."""

import encodings
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from financial_api.api.context import is_from_this_machine
from financial_api.api.requests import Request
from financial_api.serving.environ import UNREADABLE, environ_of, has_body


class Headers:
    """As granian's: a value that is not ASCII is none, though its name is there."""

    def __init__(self, *lines: tuple[str, str | None]) -> None:
        self._lines = lines

    def keys(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self._lines))

    def get_all(self, wanted: str) -> list[str]:
        return [value for name, value in self._lines if name == wanted and value is not None]


@dataclass
class Scope:
    headers: Headers = field(default_factory=Headers)
    method: str = "POST"
    path: str = "/v1/cards"
    query_string: str = "a=%41"
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "10.0.0.7:8000"
    client: str = "203.0.113.9:51234"


def test_a_request_is_told_as_wsgi_has_it() -> None:
    environ = environ_of(Scope(Headers(("content-type", "a/b"), ("x-request-id", "r"))))

    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["PATH_INFO"] == "/v1/cards"
    assert environ["QUERY_STRING"] == "a=%41"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("10.0.0.7", "8000")
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert environ["CONTENT_TYPE"] == "a/b"
    assert environ["HTTP_X_REQUEST_ID"] == "r"
    assert environ["wsgi.input"].read() == b""


@pytest.mark.parametrize("client", ["[2001:db8::1]:4711", "[::ffff:203.0.113.9]:4711"])
def test_an_address_of_version_6_has_no_brackets(client: str) -> None:
    assert environ_of(Scope(client=client))["REMOTE_ADDR"] == client[1:].partition("]")[0]


def test_each_byte_of_a_path_is_a_character() -> None:
    assert environ_of(Scope(path="/é"))["PATH_INFO"] == "/\xc3\xa9"


@pytest.mark.parametrize("values", [("a", "b"), ("", "b"), ("a", ""), ("a", "a")])
def test_a_header_that_comes_twice_is_not_one_of_its_values(values: tuple[str, str]) -> None:
    lines = [("idempotency-key", value) for value in values]

    assert environ_of(Scope(Headers(*lines)))["HTTP_IDEMPOTENCY_KEY"] == ", ".join(values)


def test_a_name_with_an_underscore_is_no_other_header() -> None:
    lines = [("x_forwarded_for", "127.0.0.1"), ("x-forwarded-for", "203.0.113.9")]

    assert environ_of(Scope(Headers(*lines)))["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"
    assert "HTTP_X_FORWARDED_FOR" not in environ_of(Scope(Headers(lines[0])))


@pytest.mark.parametrize("name", ["x_forwarded_for", "x_real_ip", "via", "x-forwarded-for"])
def test_a_header_that_is_not_read_is_a_trace_of_a_proxy_all_the_same(name: str) -> None:
    environ = environ_of(Scope(Headers((name, None)), client="127.0.0.1:4711"))

    assert not is_from_this_machine(Request(environ))
    assert is_from_this_machine(Request(environ_of(Scope(client="127.0.0.1:4711"))))


def test_a_charset_that_nobody_knows_is_not_remembered() -> None:
    content_type = ("content-type", f"application/json; charset=no-such-{uuid4()}")
    before = len(encodings._cache)

    Request(environ_of(Scope(Headers(content_type))))

    assert len(encodings._cache) == before


def test_a_header_that_cannot_be_read_is_there_all_the_same() -> None:
    environ = environ_of(Scope(Headers(("content-encoding", None), ("x-empty", ""))))

    assert environ["HTTP_CONTENT_ENCODING"] == UNREADABLE
    assert environ["HTTP_X_EMPTY"] == ""


def test_requests_share_nothing() -> None:
    environ_of(Scope(Headers(("x-a", "1"))))["HTTP_X_B"] = "2"

    assert not {"HTTP_X_A", "HTTP_X_B"} & set(environ_of(Scope()))


@pytest.mark.parametrize(
    ("line", "announced"),
    [
        (("content-length", "0"), False),
        (("content-length", "12"), True),
        (("transfer-encoding", "chunked"), True),
        (("content-type", "application/json"), False),
    ],
)
def test_a_body_is_announced(line: tuple[str, str], announced: bool) -> None:
    assert has_body(environ_of(Scope(Headers(line)))) is announced

"""The schema, and the page to read and try it, which loads nothing from elsewhere."""

import re
from html.parser import HTMLParser

import pytest

from tests.support.api import Api
from tests.support.document import SCHEMA_FILE, document

PNG = b"\x89PNG\r\n\x1a\n"
ELSEWHERE = re.compile(r"(?:https?|wss?|ftp):|//\w", re.IGNORECASE)


class Named(HTMLParser):
    """Collects what a page names: everything its elements load or lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.paths += [value or "" for name, value in attrs if name in ("src", "href")]


def named_on_the_page(anyone: Api) -> list[str]:
    return Named(anyone.get("/docs").text).paths


def test_the_schema_is_the_committed_file(anyone: Api) -> None:
    answer = anyone.get("/openapi.yaml")

    assert answer.status_code == 200
    assert answer.content == SCHEMA_FILE.read_bytes()
    assert answer.headers["Content-Type"] == "application/yaml"


def test_the_schema_sends_nobody_to_another_server() -> None:
    urls = [server["url"] for server in document().get("servers", ())]

    assert all(url.startswith("/") and not ELSEWHERE.search(url) for url in urls)


def test_the_page_is_html(anyone: Api) -> None:
    answer = anyone.get("/docs")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_everything_the_page_names_is_here(anyone: Api) -> None:
    paths = named_on_the_page(anyone)

    assert len(paths) >= 4
    for path in paths:
        assert path.startswith("/docs/")
        answer = anyone.get(path)
        assert answer.status_code == 200, path
        assert answer.content


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [(".css", "text/css"), (".js", "text/javascript"), (".png", "image/png")],
)
def test_an_asset_is_told_for_what_it_is(anyone: Api, ending: str, media_type: str) -> None:
    found = [path for path in named_on_the_page(anyone) if path.endswith(ending)]

    assert found
    for path in found:
        assert anyone.get(path).headers["Content-Type"].partition(";")[0] == media_type


def test_an_asset_may_be_kept_for_a_while(anyone: Api) -> None:
    for path in named_on_the_page(anyone):
        assert "max-age=" in anyone.get(path).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js"])
def test_nothing_points_elsewhere(anyone: Api, path: str) -> None:
    answer = anyone.get(path)

    assert answer.status_code == 200
    assert not ELSEWHERE.search(answer.text)


def test_the_stylesheet_brings_its_pictures_along(anyone: Api) -> None:
    (path,) = (path for path in named_on_the_page(anyone) if path.endswith(".css"))
    style = anyone.get(path).text

    assert "@import" not in style
    loaded = re.findall(r"url\(\s*[\"']?(.{5})", style)
    assert set(loaded) == {"data:"}


def test_the_page_starts_with_the_schema_of_this_server(anyone: Api) -> None:
    start = anyone.get("/docs/start.js").text

    assert re.findall(r"""\burl: *["'](.*?)["']""", start) == ["/openapi.yaml"]
    assert "validatorUrl: null" in start


def test_the_page_may_load_only_from_here(anyone: Api) -> None:
    policy = anyone.get("/docs").headers["Content-Security-Policy"]

    directives = {name: values for name, *values in map(str.split, policy.split(";"))}
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def test_the_page_runs_no_script_of_its_own(anyone: Api) -> None:
    page = anyone.get("/docs").text

    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == ["", ""]
    assert not re.search(r"\son\w+=", page)


def test_the_favicon_is_a_picture(anyone: Api) -> None:
    answer = anyone.get("/favicon.ico")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(PNG)


@pytest.mark.parametrize("path", ["/openapi.yaml", "/docs", "/docs/start.js", "/favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If-None-Match", "*"),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("If-Match", '"another"'),
        ("If-Unmodified-Since", "Thu, 01 Jan 2015 00:00:00 GMT"),
        ("Range", "bytes=0-1"),
    ],
)
def test_what_has_no_validator_is_answered_in_full(
    anyone: Api, method: str, path: str, name: str, value: str
) -> None:
    answer = anyone.call(method, path, headers={name: value})

    assert answer.status_code == 200
    assert not {"etag", "last-modified"} & answer.headers.keys()

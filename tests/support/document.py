"""Holds every answer against the committed OpenAPI document, and against what holds for all."""

import functools
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import yaml

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "openapi.yaml"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@functools.cache
def document() -> dict[str, Any]:
    loaded = yaml.load(SCHEMA_FILE.read_text(), yaml.CSafeLoader)
    exact: dict[str, Any] = json.loads(json.dumps(loaded), parse_float=Decimal)
    return exact


def operations(below: str = "/") -> list[tuple[str, str]]:
    """Return method and path of every documented operation, its parameters as they stand."""
    return [
        (method.upper(), path)
        for path, described in document()["paths"].items()
        for method in described
        if path.startswith(below)
    ]


def filled(path: str, **values: str) -> str:
    """Return a documented path with its parameters filled in, by default with what is nobody's."""
    nobodys = {"userSlug": "nobody"}
    return re.sub(
        r"\{(\w+)\}",
        lambda match: (values | nobodys).get(match[1], "019a0f6e-5d2c-7a31-9c1b-3f7d5f0a2b11"),
        path,
    )


def example_body(method: str, path: str) -> Any:
    """Return a body that the document shows for an operation, None for one that takes none.

    Its numbers are as JSON has them, to be sent.
    """
    described = document()["paths"][path][method.lower()].get("requestBody")
    if described is None:
        return None
    examples = described["content"]["application/json"]["examples"]
    return json.loads(json.dumps(next(iter(examples.values()))["value"], default=float))


def check_answer(response: httpx.Response) -> None:
    """Fail unless an answer is as every answer must be, and as the document says of its own."""
    _check_common(response)
    template = _template(response.request.url.path)
    if template is None or response.request.method.lower() not in document()["paths"][template]:
        return
    _check_documented(response, template)


def _check_common(response: httpx.Response) -> None:
    headers = response.headers
    assert response.status_code != 500, response.text
    assert headers.get("X-Request-ID")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"]
    assert headers["Referrer-Policy"]
    if re.match(r"/v1(/|$)", response.request.url.path):
        assert headers["Cache-Control"] == "private, no-cache"
        assert {"authorization", "origin"} <= set(re.split(", *", headers["Vary"].lower()))


def _check_documented(response: httpx.Response, template: str) -> None:
    method, status = response.request.method.lower(), str(response.status_code)
    answers = document()["paths"][template][method]["responses"]
    assert status in answers, f"undocumented {status}: {response.text}"
    answer = _resolve(answers[status])
    for name, header in answer.get("headers", {}).items():
        if _resolve(header).get("required"):
            assert name in response.headers, f"{name} is missing"
    if not answer.get("content"):
        assert not response.content
        return
    assert response.headers["Content-Type"] == "application/json"
    validator = _validator(template, method, status)
    validator.validate(json.loads(response.text, parse_float=Decimal))


@functools.cache
def _validator(template: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator:
    answer = _resolve(document()["paths"][template][method]["responses"][status])
    schema = _whole(answer["content"]["application/json"]["schema"])
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@functools.cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    """The document's paths, those without parameters first, as the router tries them."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]


def _template(path: str) -> str | None:
    return next((known for pattern, known in _routes() if pattern.fullmatch(path)), None)


def _resolve(described: dict[str, Any]) -> dict[str, Any]:
    reference = described.get("$ref")
    if reference is None:
        return described
    found: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    resolved: dict[str, Any] = found
    return resolved


def _whole(schema: Any) -> Any:
    """Return a schema with what it refers to in its place, which is sooner checked."""
    if isinstance(schema, dict):
        return {name: _whole(value) for name, value in _resolve(schema).items()}
    if isinstance(schema, list):
        return [_whole(item) for item in schema]
    return schema

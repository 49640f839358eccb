"""An HTTP client that remembers what the contract says about every answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, NoReturn

import httpx

from .cast import Person

TIMEOUT_SECONDS = 15.0
"""More than a request may ever take, so that a hang is told from a slow answer."""

_ABSENT = object()


class Unreachable(Exception):
    """The server did not answer at all; the message says what went wrong."""


class Unexpected(Exception):
    """An answer lacks what the story needs to go on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered. Numbers with a fraction are `Decimal` in `document`."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON, or None when it is none."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, ArithmeticError, RecursionError):
            return None

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"

    def find(self, path: str, default: Any = None) -> Any:
        """Return the value at a path such as `cards.0.balance`, or `default`."""
        value = self.document
        for name in path.split("."):
            value = _child(value, name)
            if value is _ABSENT:
                return default
        return value

    def at(self, path: str) -> Any:
        """Return the value at a path; raises Unexpected if there is none."""
        value = self.find(path, _ABSENT)
        if value is _ABSENT:
            raise Unexpected(f"no `{path}` in {self}")
        return value

    def __str__(self) -> str:
        return f"{self.status} {self.body[:400].decode(errors='replace')}"


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _child(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, _ABSENT)
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return _ABSENT


def _json(body: Mapping[str, Any]) -> str:
    """Return the JSON of a body without anything nested, in which money keeps its digits."""
    values = {
        name: str(value) if isinstance(value, Decimal) else json.dumps(value)
        for name, value in body.items()
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"


class Client:
    """Requests to one server. Safe to share between threads."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            limits=httpx.Limits(max_connections=64),
            trust_env=False,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, person: Person | None = None, **headers: str) -> Answer:
        """Send a GET; `headers` are written with underscores for hyphens."""
        return self._send("GET", path, person, headers)

    def post(
        self,
        path: str,
        person: Person | None = None,
        body: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Answer:
        """Send a POST; a `Decimal` in `body` goes out as the number it is."""
        return self._send("POST", path, person, headers, body)

    def patch(
        self, path: str, person: Person, body: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        return self._send("PATCH", path, person, headers, body)

    def _send(
        self,
        method: str,
        path: str,
        person: Person | None,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            sent["Authorization"] = f"Bearer {person.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = None if body is None else _json(body)
        try:
            response = self._http.request(method, path, headers=sent, content=content)
        except httpx.TransportError as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__}: {error}") from error
        return Answer(response.status_code, response.headers, response.content)

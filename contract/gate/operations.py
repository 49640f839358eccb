"""Reads what a document says of each operation, its references followed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract.gate.document import Document, Node
from contract.gate.essence import essence, is_annotation, unread

Key = tuple[str, str]
"""What is one parameter or operation in both documents."""
Way = frozenset[tuple[str, str]]
"""Schemes that together let one in: what each is, and its name."""

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_READ = frozenset({"operationId", "tags", "parameters", "requestBody", "responses", "security"})
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


@dataclass(frozen=True, slots=True)
class Content:
    schema: Node
    rest: Mapping[str, str]


Contents = Mapping[str, Content]
"""What is sent or answered, by its media type."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `manner` is how its value is written; it is equal or not."""

    name: str
    place: str
    required: bool
    schema: Node
    manner: str

    @property
    def label(self) -> str:
        return "the header" if self.place == "header" else f"the {self.place} parameter"


@dataclass(frozen=True, slots=True)
class Body:
    required: bool
    contents: Contents


@dataclass(frozen=True, slots=True)
class Header:
    name: str
    required: bool
    schema: Node


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes with a status. Headers are by their name in small letters."""

    contents: Contents
    headers: Mapping[str, Header]
    rest: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """`security` are the ways to be let in, each enough; a way of nothing is for anyone."""

    method: str
    path: str
    operation_id: str
    parameters: Mapping[Key, Parameter]
    body: Body | None
    answers: Mapping[str, Answer]
    security: frozenset[Way]
    rest: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def answer_to(self, status: str) -> Answer | None:
        """Return what is said of a status, by itself, for its class or for all."""
        for name in (status, f"{status[0]}XX", "default"):
            if name in self.answers:
                return self.answers[name]
        return None


def operations(document: Document) -> dict[Key, Operation]:
    """Return all operations by method and path; what a path's parameters are called is no matter.

    Raises UnreadableContract.
    """
    found: dict[Key, Operation] = {}
    for path, node in document.mapping(document.root["paths"], "`paths`").items():
        item = document.mapping(node, f"`{path}`")
        for method in _METHODS:
            if method not in item:
                continue
            operation = _operation(document, method, str(path), item)
            key = (method, _TEMPLATE.sub("{}", operation.path))
            if key in found:
                raise document.unreadable(f"{operation.name} is also {found[key].name}")
            found[key] = operation
    return found


def _operation(document: Document, method: str, path: str, item: Mapping[str, Any]) -> Operation:
    name = f"{method.upper()} {path}"
    described = document.mapping(item[method], name)
    answers = document.mapping(described.get("responses", {}), f"`responses` of {name}")
    body = described.get("requestBody")
    return Operation(
        method=method,
        path=path,
        operation_id=str(described.get("operationId", "")),
        parameters={
            key: parameter
            for node in (item, described)
            for key, parameter in _parameters(document, path, node)
        },
        body=None if body is None else _body(document, body, name),
        answers={
            str(status): _answer(document, answer, f"{status} of {name}")
            for status, answer in answers.items()
            if not is_annotation(str(status))
        },
        security=_security(document, described.get("security", document.root.get("security"))),
        rest=unread(document, item, {*_METHODS, "parameters"}) | unread(document, described, _READ),
    )


def _parameters(
    document: Document, path: str, node: Mapping[str, Any]
) -> Iterator[tuple[Key, Parameter]]:
    placeholders = _TEMPLATE.findall(path)
    for entry in document.entries(node.get("parameters"), f"`parameters` of {path}"):
        described = document.mapping(entry, f"a parameter of {path}")
        name, place = str(described.get("name")), str(described.get("in"))
        if place not in _STYLES:
            raise document.unreadable(f"the parameter {name} of {path} is in {place}")
        if place == "path" and name not in placeholders:
            raise document.unreadable(f"{path} has no place for its parameter {name}")
        contents = _contents(document, described, name)
        style = described.get("style", _STYLES[place])
        explode = described.get("explode", style == "form")
        manner = [style, explode, described.get("allowReserved", False), *contents]
        known_as = name.lower() if place == "header" else name
        if place == "path":
            known_as = str(placeholders.index(name))
        yield (
            (place, known_as),
            Parameter(
                name=name,
                place=place,
                required=bool(described.get("required", False)),
                schema=_schema(contents, described),
                manner=" ".join(map(str, manner)),
            ),
        )


def _body(document: Document, node: Node, name: str) -> Body:
    described = document.mapping(node, f"`requestBody` of {name}")
    return Body(bool(described.get("required", False)), _contents(document, described, name))


def _answer(document: Document, node: Node, what: str) -> Answer:
    described = document.mapping(node, what)
    headers = document.mapping(described.get("headers", {}), f"`headers` of {what}")
    return Answer(
        contents=_contents(document, described, what),
        headers={
            str(name).lower(): _header(document, str(name), header)
            for name, header in headers.items()
        },
        rest=unread(document, described, {"content", "headers"}),
    )


def _header(document: Document, name: str, node: Node) -> Header:
    described = document.mapping(node, f"the header {name}")
    contents = _contents(document, described, name)
    return Header(name, bool(described.get("required", False)), _schema(contents, described))


def _contents(document: Document, node: Mapping[str, Any], what: str) -> Contents:
    contents = document.mapping(node.get("content", {}), f"`content` of {what}")
    return {
        str(media_type).lower(): _content(document, media, f"{media_type} of {what}")
        for media_type, media in contents.items()
    }


def _content(document: Document, node: Node, what: str) -> Content:
    described = document.mapping(node, what)
    rest = unread(document, described, {"schema", "example", "examples"})
    return Content(described.get("schema", {}), rest)


def _schema(contents: Contents, described: Mapping[str, Any]) -> Node:
    """Return the schema of a parameter or header, which may be said by a media type."""
    content = next(iter(contents.values()), None)
    return described.get("schema", {}) if content is None else content.schema


def _security(document: Document, node: Node) -> frozenset[Way]:
    """Return the ways to be let in; without any, everyone is."""
    ways: set[Way] = set()
    for entry in document.entries(node, "`security`"):
        schemes = document.mapping(entry, "`security`")
        ways.add(
            frozenset(
                needed
                for name, scopes in schemes.items()
                for needed in _needed(document, str(name), scopes)
            )
        )
    return frozenset(ways or {frozenset()})


def _needed(document: Document, name: str, scopes: Node) -> Iterator[tuple[str, str]]:
    scheme = document.mapping(
        document.target(f"#/components/securitySchemes/{name}"), f"the scheme {name}"
    )
    what = essence(document, {key: scheme[key] for key in scheme if key != "bearerFormat"})
    yield what, name
    for scope in document.entries(scopes, f"the scopes of {name}"):
        yield f"{what} {scope}", f"{name} ({scope})"

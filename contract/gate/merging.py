"""Brings a schema into one form, however it is put together.

`$ref` and `allOf` are merged into what holds them; `anyOf` and `oneOf` become one shape for each of
their alternatives.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from contract.gate.document import Document, Node
from contract.gate.essence import unread, value_text
from contract.gate.shapes import (
    EVERY_TYPE,
    LOWER,
    UPPER,
    Alternatives,
    Nodes,
    Shape,
    type_of,
)

Primitives = tuple[Mapping[str, Any], ...]
"""Schemas that all hold at once, each for what it says itself."""

_NEVER: Mapping[str, Any] = {"type": []}
_READ = frozenset(
    {*LOWER, *UPPER, "$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const", "pattern"}
    | {"format", "multipleOf", "properties", "required", "additionalProperties", "items"}
    | {"default", "discriminator"}
)
_MOST_ALTERNATIVES = 100


def alternatives(document: Document, nodes: Nodes) -> Alternatives:
    """Return what is allowed where all of `nodes` hold. Raises UnreadableContract."""
    expanded: list[Primitives] = [()]
    exclusive = False
    for node in nodes:
        more, one_only = _expand(document, node, frozenset())
        expanded = _both(document, expanded, more)
        exclusive = exclusive or one_only
    shapes = tuple(_shape(document, primitives) for primitives in expanded)
    return Alternatives(shapes, exclusive and len(shapes) > 1)


def _expand(
    document: Document, node: Node, passed: frozenset[str]
) -> tuple[list[Primitives], bool]:
    """Return the schemas to merge for each alternative, and whether `oneOf` chooses."""
    if isinstance(node, bool):
        return ([()] if node else [(_NEVER,)]), False
    if not isinstance(node, Mapping):
        raise document.unreadable(f"a schema is {str(node)[:40]!r}, and no mapping")
    expanded: list[Primitives] = [(node,)]
    exclusive = False
    reference = node.get("$ref")
    if reference is not None:
        if reference in passed:
            raise document.unreadable(f"{reference} is made of itself")
        target = document.target(str(reference))
        more, exclusive = _expand(document, target, passed | {reference})
        expanded = _both(document, expanded, more)
    for part in document.entries(node.get("allOf"), "`allOf`"):
        more, one_only = _expand(document, part, passed)
        expanded = _both(document, expanded, more)
        exclusive = exclusive or one_only
    for keyword in ("anyOf", "oneOf"):
        parts = document.entries(node.get(keyword), f"`{keyword}`")
        if not parts:
            continue
        branches = [_expand(document, part, passed) for part in parts]
        expanded = _both(document, expanded, [one for branch, _ in branches for one in branch])
        exclusive = exclusive or keyword == "oneOf" or any(one_only for _, one_only in branches)
    return expanded, exclusive


def _both(document: Document, some: list[Primitives], others: list[Primitives]) -> list[Primitives]:
    if len(some) * len(others) > _MOST_ALTERNATIVES:
        raise document.unreadable(f"a schema has more than {_MOST_ALTERNATIVES} alternatives")
    return [_once((*one, *other)) for one in some for other in others]


def _once(nodes: Nodes) -> Nodes:
    """Return each node once; two that are equal in two places may differ in what they hold."""
    return tuple({id(node): node for node in nodes}.values())


def _shape(document: Document, primitives: Primitives) -> Shape:
    types, values = EVERY_TYPE, None
    limits: dict[str, Decimal] = {}
    properties: dict[str, Nodes] = {}
    for node in primitives:
        types &= _types(document, node)
        values = _fewer(values, _values(document, node))
        _tighten(limits, document, node)
        for name, schema in _named(document, node.get("properties"), "`properties`").items():
            properties[name] = _once((*properties.get(name, ()), schema))
    if values is not None:
        values = frozenset(value for value in values if type_of(value) in types)
        types = frozenset(map(type_of, values))
    return Shape(
        types=types,
        values=values,
        limits=limits,
        steps=frozenset(
            _number(document, node, "multipleOf") for node in _having(primitives, "multipleOf")
        ),
        patterns=frozenset(str(node["pattern"]) for node in _having(primitives, "pattern")),
        formats=frozenset(str(node["format"]) for node in _having(primitives, "format")),
        properties=properties,
        required=frozenset(
            str(name)
            for node in primitives
            for name in document.entries(node.get("required"), "`required`")
        ),
        additional=_once(
            tuple(
                node["additionalProperties"] for node in _having(primitives, "additionalProperties")
            )
        ),
        items=_once(tuple(node["items"] for node in _having(primitives, "items"))),
        default=next(
            (value_text(node["default"]) for node in _having(primitives, "default")), None
        ),
        discriminators=frozenset(
            pair
            for node in _having(primitives, "discriminator")
            for pair in _discriminators(document, node)
        ),
        rest=_rest(document, primitives),
    )


def _having(primitives: Primitives, keyword: str) -> Iterator[Mapping[str, Any]]:
    return (node for node in primitives if keyword in node)


def _types(document: Document, node: Mapping[str, Any]) -> frozenset[str]:
    declared = node.get("type")
    if declared is None:
        return EVERY_TYPE
    names = frozenset(map(str, declared if isinstance(declared, list) else [declared]))
    if not names <= EVERY_TYPE:
        raise document.unreadable(f"`type` is {declared}, which is none")
    return names | {"integer"} if "number" in names else names


def _values(document: Document, node: Mapping[str, Any]) -> frozenset[str] | None:
    values = None
    if "enum" in node:
        values = frozenset(map(value_text, document.entries(node["enum"], "`enum`")))
    if "const" in node:
        values = _fewer(values, frozenset({value_text(node["const"])}))
    return values


def _fewer(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    if some is None or others is None:
        return others if some is None else some
    return some & others


def _tighten(limits: dict[str, Decimal], document: Document, node: Mapping[str, Any]) -> None:
    for keyword in (*LOWER, *UPPER):
        if keyword not in node:
            continue
        limit = _number(document, node, keyword)
        if keyword in LOWER:
            if limit == 0 and not keyword.endswith("imum"):
                continue
            limits[keyword] = max(limit, limits.get(keyword, limit))
        else:
            limits[keyword] = min(limit, limits.get(keyword, limit))


def _number(document: Document, node: Mapping[str, Any], keyword: str) -> Decimal:
    value = node[keyword]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise document.unreadable(f"`{keyword}` is {value}, and no number")
    return Decimal(str(value))


def _named(document: Document, node: Node, what: str) -> Mapping[str, Any]:
    if node is None:
        return {}
    return {str(name): value for name, value in document.mapping(node, what).items()}


def _discriminators(document: Document, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the field that discriminates with each of its values, named or a component's name.

    https://spec.openapis.org/oas/v3.1.0#discriminator-object
    """
    described = document.mapping(node["discriminator"], "`discriminator`")
    mapping = _named(document, described.get("mapping"), "`mapping`")
    references = {
        str(part["$ref"])
        for keyword in ("oneOf", "anyOf")
        for part in document.entries(node.get(keyword), f"`{keyword}`")
        if isinstance(part, Mapping) and "$ref" in part
    }
    names = {one.rpartition("/")[2] for one in references - set(map(str, mapping.values()))}
    for value in (*mapping, *names):
        yield str(described.get("propertyName")), value


def _rest(document: Document, primitives: Primitives) -> Mapping[str, str]:
    rest: dict[str, list[str]] = {}
    for node in primitives:
        for keyword, text in unread(document, node, _READ).items():
            rest.setdefault(keyword, []).append(text)
    return {keyword: " and ".join(sorted(texts)) for keyword, texts in rest.items()}

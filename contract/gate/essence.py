"""What of a schema counts, without its words and names: for what can only be equal or not."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from contract.gate.document import Document, Node

_ANNOTATIONS = frozenset(
    {"title", "description", "summary", "example", "examples", "deprecated", "$comment", "xml"}
    | {"externalDocs", "$defs", "$schema"}
)
_VALUES = frozenset({"const", "default"})
_SETS = frozenset({"enum", "required", "type"})
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas"})


def is_annotation(keyword: str) -> bool:
    """Return True for what is written for people and tools, and does not change what is sent."""
    return keyword in _ANNOTATIONS or keyword.startswith("x-")


def value_text(value: Any) -> str:
    """Return JSON that is the same for equal values, as `1` and `1.0` are."""
    return _canonical(_plain(value))


def shown(value: str) -> str:
    """Return what a person is shown of a value that is told as JSON."""
    is_text = value.startswith('"')
    return f"`{json.loads(value) if is_text else value}`"


def essence(document: Document, node: Node) -> str:
    """Return a text that is the same for schemas that differ only in annotations and references.

    What refers to itself is told by how far out it began.
    """
    return _canonical(_bare(document, node, ()))


def unread(document: Document, node: Mapping[str, Any], read: Collection[str]) -> dict[str, str]:
    """Return the essence of each keyword of a node that is neither read nor an annotation."""
    return {
        str(keyword): essence(document, {keyword: value})
        for keyword, value in node.items()
        if str(keyword) not in read and not is_annotation(str(keyword))
    }


def _canonical(value: Any) -> str:
    """Return JSON that does not depend on the order of keys; a date of YAML's is its text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bare(document: Document, node: Node, within: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_bare(document, one, within) for one in node]
    if not isinstance(node, Mapping):
        return _plain(node)
    bare: dict[str, Any] = {}
    for keyword, value in node.items():
        if keyword == "$ref" and isinstance(value, str):
            bare["$ref"] = _referred(document, value, within)
        elif keyword in _VALUES:
            bare[keyword] = _plain(value)
        elif keyword in _SETS:
            bare[keyword] = sorted(map(value_text, value if isinstance(value, list) else [value]))
        elif keyword in _BY_NAME and isinstance(value, Mapping):
            bare[keyword] = {str(name): _bare(document, one, within) for name, one in value.items()}
        elif not is_annotation(str(keyword)):
            bare[str(keyword)] = _bare(document, value, within)
    return bare["$ref"] if list(bare) == ["$ref"] else bare


def _referred(document: Document, reference: str, within: tuple[str, ...]) -> Any:
    if reference in within:
        return {"begun": len(within) - within.index(reference)}
    return _bare(document, document.target(reference), (*within, reference))

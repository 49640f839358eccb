"""Reads an OpenAPI document and follows its references."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

Node = Any
"""What YAML has at one place: for a schema a mapping, or True or False."""


class UnreadableContract(ValueError):
    """A file of the contract is not what it has to be; the message names it and says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An OpenAPI 3.1 document. `name` is what messages call it."""

    name: str
    root: Mapping[str, Any]

    def mapping(self, node: Node, what: str) -> Mapping[str, Any]:
        """Return a mapping, or the one that it refers to. Raises UnreadableContract."""
        passed: set[str] = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in passed:
                raise self.unreadable(f"{reference} refers to itself")
            passed.add(reference)
            node = self.target(reference)
        if not isinstance(node, Mapping):
            raise self.unreadable(f"{what} is no mapping")
        return node

    def entries(self, node: Node, what: str) -> list[Node]:
        """Return a list, the empty one for None. Raises UnreadableContract."""
        if node is None:
            return []
        if not isinstance(node, list):
            raise self.unreadable(f"{what} is no list")
        return node

    def target(self, reference: str) -> Node:
        """Return what a reference within the document points at. Raises UnreadableContract."""
        if not reference.startswith("#/"):
            raise self.unreadable(f"{reference} points out of the document")
        node: Node = self.root
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, Mapping) and name in node:
                node = node[name]
            else:
                raise self.unreadable(f"{reference} points at nothing")
        return node

    def unreadable(self, why: str) -> UnreadableContract:
        return UnreadableContract(f"{self.name}: {why}.")


def read_text(path: Path) -> str:
    """Return a file's text. Raises UnreadableContract."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableContract(f"{path} cannot be read: {error}.") from error


def parse(text: str, name: str) -> Document:
    """Return the document in a text of YAML or JSON. Raises UnreadableContract."""
    try:
        root = yaml.load(text, Loader=yaml.CSafeLoader)  # six times as fast as SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableContract(f"{name} is no YAML: {error}.") from error
    if not isinstance(root, Mapping):
        raise UnreadableContract(f"{name} is no OpenAPI document: it is no mapping.")
    document = Document(name, root)
    if not str(root.get("openapi", "")).startswith("3.1."):
        raise document.unreadable(f"`openapi` is {root.get('openapi')}, and 3.1 is what is read")
    for part in ("info", "paths"):
        document.mapping(root.get(part), f"`{part}`")
    return document

"""Small OpenAPI documents: one operation, with what a test is about and nothing else."""

import json
from typing import Any

from contract.gate.comparison import compare
from contract.gate.document import Document, parse

PLACE = "POST /things/{id}"
PARAMETER = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def a_contract(
    operation: dict[str, Any] | None = None, *, version: Any = "1.0.0", **root: Any
) -> dict[str, Any]:
    """Return a document with one operation, which has what is given beside what it needs."""
    described = {
        "operationId": "changeThing",
        "parameters": [PARAMETER],
        "responses": {"200": {"description": "Done."}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": version},
        "paths": {"/things/{id}": {"post": described | (operation or {})}},
    } | root


def json_content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def answering(schema: Any, status: str = "200", **answer: Any) -> dict[str, Any]:
    """Return an operation whose answer has this schema."""
    return {"responses": {status: {"description": "", "content": json_content(schema)} | answer}}


def taking(schema: Any, **body: Any) -> dict[str, Any]:
    """Return an operation whose body has this schema."""
    return {"requestBody": {"content": json_content(schema)} | body}


def given(*parameters: dict[str, Any]) -> dict[str, Any]:
    """Return an operation with parameters, of the query and of text unless they say otherwise."""
    filled = [{"in": "query", "schema": {"type": "string"}} | one for one in parameters]
    return {"parameters": [PARAMETER, *filled]}


def thing(note: Any, *, required: bool = True) -> dict[str, Any]:
    """Return the schema of an object with the field `note`."""
    schema = {"type": "object", "properties": {"note": note}}
    return schema | ({"required": ["note"]} if required else {})


def read(contract: dict[str, Any], name: str = "a document") -> Document:
    return parse(json.dumps(contract), name)


def compared(before: dict[str, Any], after: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return what breaks and what is harmless, in words."""
    findings = compare(read(before), read(after))
    broken = [one.text for one in findings if one.breaking]
    return broken, [one.text for one in findings if not one.breaking]

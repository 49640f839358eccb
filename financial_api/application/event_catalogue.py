"""The catalogue of events, made from their declarations: JSON Schema, and Markdown for people."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NotRequired, TypedDict, get_type_hints

import msgspec
from msgspec import Meta

import accounts.events
import cards.events
import financial_api.application.events
import transactions.events
from financial_api.application.event_examples import example_of
from financial_api.application.events import CountsByName
from financial_api.kernel.encoding import dumps
from infra_backends.events.envelope import detail_of
from outbox.declarations import EcosystemId, EventDeclaration, Moment
from outbox.entities import EventType

UUID = {"format": "uuid"}
REFERENCE = "#/$defs/{name}"

DECLARATIONS: Mapping[EventType, EventDeclaration[Any]] = {
    declaration.event_type: declaration
    for declared in (
        accounts.events.DECLARED,
        cards.events.DECLARED,
        transactions.events.DECLARED,
        financial_api.application.events.DECLARED,
    )
    for declaration in declared
}


class Envelope(TypedDict):
    """What every event tells, whatever its type."""

    eventId: Annotated[str, Meta(description="Deduplicate by this.", extra_json_schema=UUID)]
    eventType: Annotated[str, Meta(description="What happened.")]
    entityType: Annotated[str, Meta(description="What it happened to.")]
    entityId: Annotated[str, Meta(description="Which of them.")]
    ecosystemId: EcosystemId
    sequenceNumber: Annotated[
        int, Meta(ge=1, description="Order by this: 1, 2, 3 … for each entity, without a gap.")
    ]
    previousEventId: NotRequired[
        Annotated[
            str, Meta(description="The entity's event before; none at 1.", extra_json_schema=UUID)
        ]
    ]
    payload: Annotated[dict[str, Any], Meta(description="What the type tells.")]
    createdAt: Moment
    traceparent: NotRequired[
        Annotated[str, Meta(description="The W3C trace context of the request, if it had one.")]
    ]


TITLE = "Events of the Financial API"
POLICY = "More fields and more types may come: ignore what you do not know."
INTRODUCTION = f"""# {TITLE}

Written by `make schema` from the code; [events.schema.json](events.schema.json) is the same for
machines (JSON Schema 2020-12). {POLICY}

A message's body is a JSON object with the event as `detail`, whether it came through EventBridge
or directly to the FIFO queue. An event comes at least once: deduplicate by `eventId`, and order by
`sequenceNumber` within `entityType` and `entityId`.
"""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of all events, with a definition for each type by its name."""
    components = _components()
    envelope = components.pop(Envelope.__name__)
    definitions = {event_type.value: _definition(event_type, envelope) for event_type in EventType}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
        "description": POLICY,
        "oneOf": [{"$ref": REFERENCE.format(name=event_type)} for event_type in EventType],
        "$defs": definitions | components,
    }


def schema_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def markdown() -> str:
    """Return the same for people: each type with when it comes, its payload, an example."""
    definitions = schema()["$defs"]
    envelope = _table(_components()[Envelope.__name__], definitions)
    return "\n".join([INTRODUCTION, *envelope, *_type_sections(definitions)])


def _components() -> dict[str, Any]:
    """Return the schemas of the envelope, the payloads and what they are made of, by name."""
    payloads = dict.fromkeys(declared.payload for declared in DECLARATIONS.values())
    types: list[type[Any]] = [Envelope, *payloads, CountsByName]
    _, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    order = {one.__name__: list(get_type_hints(one)) for one in types}
    return {
        name: _object(component, order[name]) if name in order else component
        for name, component in sorted(components.items())
    }


def _object(component: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """Return an object's schema with its fields as declared, saying that more may come."""
    properties = {name: _number(component["properties"][name]) for name in order}
    required = [name for name in order if name in component["required"]]
    return {
        **component,
        "properties": properties,
        "required": required,
        "additionalProperties": True,
    }


def _number(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema; money is told as a number, where msgspec would have a text."""
    return {**field, "type": "number"} if field.get("format") == "decimal" else field


def _definition(event_type: EventType, envelope: dict[str, Any]) -> dict[str, Any]:
    declared = DECLARATIONS[event_type]
    own = {
        "eventType": {"const": event_type.value},
        "entityType": {"const": declared.entity_type.value},
        "payload": {"$ref": REFERENCE.format(name=declared.payload.__name__)},
    }
    return {
        **envelope,
        "title": event_type.value,
        "description": declared.when,
        "properties": {**envelope["properties"], **own},
    }


def _type_sections(definitions: Mapping[str, Any]) -> Iterator[str]:
    for event_type in EventType:
        declared = DECLARATIONS[event_type]
        yield f"## {event_type}\n"
        yield f"{declared.when} Entity: `{declared.entity_type}`.\n"
        yield from _table(definitions[declared.payload.__name__], definitions)
        told = json.loads(dumps(detail_of(example_of(event_type))))
        yield f"```json\n{json.dumps(told, indent=2, ensure_ascii=False)}\n```\n"


def _table(described: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | type | | what |\n| --- | --- | --- | --- |"
    for name, field in described["properties"].items():
        needed = "" if name in described["required"] else "optional"
        text = field.get("description", "")
        yield f"| `{name}` | {_type_name(field, definitions)} | {needed} | {text} |"
    yield ""


def _type_name(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return a type in words: its format where it has one, its values, or its fields."""
    if "$ref" in field:
        return _type_name(definitions[field["$ref"].rpartition("/")[2]], definitions)
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "properties" in field:
        return "object of " + ", ".join(f"`{name}`" for name in field["properties"])
    name: str = field.get("format") or field["type"]
    if "minimum" in field and "maximum" in field:
        return f"{name}, {field['minimum']} to {field['maximum']}"
    return name

"""What a schema allows: a list of plain shapes, one for each of its alternatives."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contract.gate.document import Node

Nodes = tuple[Node, ...]
"""Schemas that all hold at once."""

ANYTHING: Nodes = ({},)
NULL = frozenset({"null"})
NUMBER = frozenset({"integer", "number"})
"""`number` here is a number with a fraction, so that an integer is one of the two."""
STRING = frozenset({"string"})
ARRAY = frozenset({"array"})
OBJECT = frozenset({"object"})
KINDS = (NULL, frozenset({"boolean"}), NUMBER, STRING, ARRAY, OBJECT)
EVERY_TYPE = frozenset().union(*KINDS)

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LIMITS_OF_KIND = {
    NUMBER: ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    STRING: ("minLength", "maxLength"),
    ARRAY: ("minItems", "maxItems"),
    OBJECT: ("minProperties", "maxProperties"),
}
_VALUES_BEGIN = {'"': "string", "n": "null", "t": "boolean", "f": "boolean", "[": "array"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What one alternative allows. `values` are JSON texts; None is any.

    `rest` is what the gate does not understand, and can only call equal or not.
    """

    types: frozenset[str] = EVERY_TYPE
    values: frozenset[str] | None = None
    limits: Mapping[str, Decimal] = field(default_factory=dict)
    steps: frozenset[Decimal] = frozenset()
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    properties: Mapping[str, Nodes] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    additional: Nodes = ()
    items: Nodes = ()
    default: str | None = None
    discriminators: frozenset[tuple[str, str]] = frozenset()
    rest: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Return True if fields may come that are not described, and may be anything."""
        return all(node is True or node == {} for node in self.additional)

    @property
    def is_closed(self) -> bool:
        return any(node is False for node in self.additional)

    @property
    def is_list_of_values(self) -> bool:
        return self.values is not None and not (
            self.limits or self.steps or self.patterns or self.formats or self.rest
        )

    def of_kind(self, kind: frozenset[str]) -> "Shape | None":
        """Return what of it is of a kind of types, and concerns that kind; None if nothing is."""
        types, values = self.types & kind, self.values
        if values is not None:
            values = frozenset(value for value in values if type_of(value) in types)
        if not types or values == frozenset():
            return None
        if kind == NULL:
            return Shape(types=NULL, default=self.default, rest=self.rest)
        limits = {
            name: self.limits[name] for name in _LIMITS_OF_KIND.get(kind, ()) if name in self.limits
        }
        shape = replace(self, types=types, values=values, limits=limits)
        if kind != NUMBER:
            shape = replace(shape, steps=frozenset())
        if kind != STRING:
            shape = replace(shape, patterns=frozenset())
        if kind not in (NUMBER, STRING):
            shape = replace(shape, formats=frozenset())
        if kind != OBJECT:
            shape = replace(
                shape,
                properties={},
                required=frozenset(),
                additional=(),
                discriminators=frozenset(),
            )
        return shape


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The shapes of a schema. `exclusive`: what fits two of them is refused, as `oneOf` says."""

    shapes: tuple[Shape, ...]
    exclusive: bool

    def by_kind(self) -> tuple[Shape, ...]:
        """Return them with a shape for each kind of type, and lists of values as one.

        So that `anyOf` a text and null is what a text that may be null is.
        """
        united: list[Shape] = []
        for shape in self.shapes:
            for part in filter(None, map(shape.of_kind, KINDS)):
                twin = next((other for other in united if _may_be_one(part, other)), None)
                if twin is None:
                    united.append(part)
                    continue
                values = (twin.values or frozenset()) | (part.values or frozenset())
                united[united.index(twin)] = replace(twin, values=values)
        return tuple(united)


def type_of(value: str) -> str:
    """Return the type of a value that is told as JSON."""
    fraction = "number" if "." in value else "integer"
    return "object" if value.startswith("{") else _VALUES_BEGIN.get(value[0], fraction)


def _may_be_one(shape: Shape, other: Shape) -> bool:
    return (
        shape.is_list_of_values
        and other.is_list_of_values
        and any(shape.types <= kind and other.types <= kind for kind in KINDS)
        and (shape.values or frozenset()).isdisjoint(other.values or frozenset())
    )

"""Pairs of schemas that are much alike, and values for them: what a change of schema may be."""

from typing import Any

from hypothesis import strategies as st

Schema = Any
Pair = tuple[Schema, Schema]

NAMES = ("a", "b", "c")
WORDS = ("", "x", "xy", "xyz", "2026-01-15")
ATOMS: tuple[Any, ...] = (None, True, False, 0, 1, 2, 3, 1.5, *WORDS)
WORD_LIMITS = {"minLength": (1, 2), "maxLength": (1, 2), "pattern": ("^x", "^y")}
NUMBER_LIMITS = {
    "minimum": (0, 1, 2),
    "maximum": (1, 2, 3),
    "exclusiveMinimum": (0, 1),
    "multipleOf": (1, 2, 0.5),
}


def twice(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Pair]:
    """Return pairs that are mostly twice the same."""
    same = strategy.map(lambda one: (one, one))
    return st.one_of(same, same, st.tuples(strategy, strategy))


@st.composite
def limited(draw: st.DrawFn, names: tuple[str, ...], limits: dict[str, Any]) -> Schema:
    types = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    schema: dict[str, Any] = {"type": types if len(types) > 1 else types[0]}
    for keyword in draw(st.sets(st.sampled_from(sorted(limits)), max_size=2)):
        schema[keyword] = draw(st.sampled_from(limits[keyword]))
    return schema


leaves = st.one_of(
    st.just({}),
    st.just(True),
    limited(("string", "null", "boolean"), WORD_LIMITS),
    limited(("integer", "number", "null"), NUMBER_LIMITS),
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3).map(lambda values: {"enum": values}),
    st.sampled_from(ATOMS).map(lambda value: {"const": value}),
    st.just({"not": {"type": "string"}}),
)


@st.composite
def objects(draw: st.DrawFn, fields: st.SearchStrategy[Pair]) -> Pair:
    pair: tuple[dict[str, Any], dict[str, Any]] = (
        {"type": "object", "properties": {}, "required": []},
        {"type": "object", "properties": {}, "required": []},
    )
    for name in draw(st.sets(st.sampled_from(NAMES))):
        schemas = draw(fields)
        there, needed = draw(twice(st.booleans())), draw(twice(st.booleans()))
        for schema, one, is_there, is_needed in zip(pair, schemas, there, needed, strict=True):
            if is_there:
                schema["properties"][name] = one
                schema["required"] += [name] if is_needed else []
    further = draw(twice(st.sampled_from([None, None, True, False, {"type": "string"}])))
    for schema, one in zip(pair, further, strict=True):
        if one is not None:
            schema["additionalProperties"] = one
    return pair


@st.composite
def combined(draw: st.DrawFn, parts: st.SearchStrategy[Pair]) -> Pair:
    """Return pairs put together of several parts, of which one may have more than the other."""
    pairs = draw(st.lists(parts, min_size=1, max_size=3))
    keyword = draw(twice(st.sampled_from(["anyOf", "anyOf", "oneOf"])))
    if draw(st.integers(0, 4)) == 0:
        keyword = ("allOf", "allOf")
    sides: list[Schema] = []
    for side, word in enumerate(keyword):
        chosen = [pair[side] for pair in pairs]
        chosen = chosen[: draw(st.sampled_from([1, 3, 3, 3]))]
        sides.append({word: draw(st.permutations(chosen))})
    return sides[0], sides[1]


def arrays(items: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return items.map(lambda pair: tuple({"type": "array", "items": one} for one in pair))


pairs: st.SearchStrategy[Pair] = st.recursive(
    twice(leaves),
    lambda inner: st.one_of(objects(inner), arrays(inner), combined(inner)),
    max_leaves=6,
)


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Return values that may fit a schema, of no fields but those that it describes."""
    atoms = st.sampled_from(ATOMS)
    if isinstance(schema, bool):
        return atoms
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return st.one_of([values(part) for part in schema[keyword]])
    if schema.get("type") == "object":
        fields = {name: values(one) for name, one in schema["properties"].items()}
        if isinstance(schema.get("additionalProperties"), dict):
            fields |= {name: st.sampled_from(WORDS) for name in NAMES if name not in fields}
        needed = {name: fields[name] for name in schema["required"]}
        optional = {name: one for name, one in fields.items() if name not in needed}
        return st.fixed_dictionaries(needed, optional=optional)
    if schema.get("type") == "array":
        return st.lists(values(schema["items"]), max_size=2)
    return atoms

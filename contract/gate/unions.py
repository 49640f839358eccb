"""Compares schemas with alternatives: which of them is which, and what it means that one is new.

Values that fit any alternative are allowed. Which old alternative is held against which new one is
a guess by likeness, and every guess is safe: what does not fit its counterpart is told as a change.

`oneOf` also refuses what fits two of its alternatives. That counts for what is sent. An answer is
one of them by what it tells, so that to those who read it `oneOf` is `anyOf`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from contract.gate.document import Document
from contract.gate.essence import essence
from contract.gate.findings import Change, narrower, wider
from contract.gate.keywords import type_names, value_names
from contract.gate.merging import alternatives
from contract.gate.shapes import OBJECT, Alternatives, Shape


@dataclass(frozen=True, slots=True)
class Pairing:
    """Old alternatives with the new ones that they became.

    `may_collide`: what was allowed may fit two alternatives now, and be refused for that.
    """

    pairs: Sequence[tuple[Shape, Shape]]
    gone: Sequence[Shape]
    new: Sequence[Shape]
    newly_exclusive: bool
    may_collide: bool


def pair(
    released: Document, current: Document, before: Alternatives, after: Alternatives
) -> Pairing:
    """Return which alternatives belong together, the most alike first."""
    old, new = before.by_kind(), after.by_kind()
    traits = [_traits(released, shape) for shape in old], [_traits(current, shape) for shape in new]
    ranked = sorted(
        (-len(one & other) / len(one | other), i, j)
        for i, one in enumerate(traits[0])
        for j, other in enumerate(traits[1])
        if old[i].types & new[j].types
    )
    became: dict[int, int] = {}
    for _, i, j in ranked:
        if i not in became and j not in became.values():
            became[i] = j
    return Pairing(
        pairs=[(old[i], new[j]) for i, j in sorted(became.items())],
        gone=[shape for i, shape in enumerate(old) if i not in became],
        new=[shape for j, shape in enumerate(new) if j not in became.values()],
        newly_exclusive=not before.exclusive,
        may_collide=after.exclusive and not _all_apart(current, new),
    )


def changes_of_union(pairing: Pairing, within: Sequence[Change]) -> Iterator[Change]:
    """Yield what is otherwise about the list of alternatives; `within` are changes of theirs."""
    for shape in pairing.gone:
        what = _described(shape)
        yield narrower(f"is never {what} any more", f"are refused when it is {what}")
    for shape in pairing.new:
        what = _described(shape)
        yield wider(f"may be {what}", f"may meet {what}, which it never was")
    if pairing.may_collide and (
        pairing.newly_exclusive or pairing.new or any(change.readers for change in within)
    ):
        yield narrower("may fit several alternatives of `oneOf`, which allows only one")


def _traits(document: Document, shape: Shape) -> frozenset[str]:
    """Return what an alternative is recognised by."""
    traits = {*shape.types, *shape.formats, *shape.patterns, *(shape.values or ())}
    for name, nodes in shape.properties.items():
        traits.add(f"field {name}")
        traits.update(f"{name} is {essence(document, node)}" for node in nodes)
    traits.update(f"item {essence(document, node)}" for node in shape.items)
    return frozenset(traits)


def _all_apart(document: Document, shapes: Sequence[Shape]) -> bool:
    return all(_are_apart(document, one, other) for one, other in combinations(shapes, 2))


def _are_apart(document: Document, shape: Shape, other: Shape) -> bool:
    """Return True if it is sure that no value fits both."""
    if shape.types.isdisjoint(other.types):
        return True
    if shape.values is not None and other.values is not None:
        return shape.values.isdisjoint(other.values)
    if not shape.types == other.types == OBJECT:
        return False
    return any(
        _values_of(document, shape, name).isdisjoint(_values_of(document, other, name))
        for name in shape.required & other.required
        if _values_of(document, shape, name) and _values_of(document, other, name)
    )


def _values_of(document: Document, shape: Shape, name: str) -> frozenset[str]:
    """Return the values that a field can have, none if they are not listed."""
    values: set[str] = set()
    for one in alternatives(document, shape.properties.get(name, ())).shapes:
        if one.values is None:
            return frozenset()
        values |= one.values
    return frozenset(values)


def _described(shape: Shape) -> str:
    if shape.values is not None:
        return f"one of {value_names(shape.values)}"
    names = ", ".join(f"`{name}`" for name in shape.properties)
    return f"an `object` of {names}" if names else type_names(shape.types)

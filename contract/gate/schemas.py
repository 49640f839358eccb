"""Compares two schemas with all that they hold, however deep, and also where they hold themselves.

Whether a change harms depends on the way a value goes, so each change says whom it harms: what is
allowed no longer harms those who send it, what is newly allowed those who read it.
"""

from collections.abc import Iterator

from contract.gate.document import Document
from contract.gate.findings import Act, Change, Harm, narrower, wider
from contract.gate.keywords import changes_of_value
from contract.gate.merging import alternatives
from contract.gate.shapes import ANYTHING, ARRAY, OBJECT, Nodes, Shape
from contract.gate.unions import changes_of_union, pair


def changes(released: Document, current: Document, before: Nodes, after: Nodes) -> list[Change]:
    """Return what is otherwise in `after`, which is the current document's, than in `before`."""
    return list(_Comparison(released, current).of(before, after))


class _Comparison:
    """Compares each pair of schemas once, so that a schema that holds itself comes to an end.

    A pair that is met within itself adds nothing: its changes are told where it began.
    """

    def __init__(self, released: Document, current: Document) -> None:
        self._released = released
        self._current = current
        self._found: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[Change, ...]] = {}

    def of(self, before: Nodes, after: Nodes) -> tuple[Change, ...]:
        key = (tuple(map(id, before)), tuple(map(id, after)))
        if key not in self._found:
            self._found[key] = ()
            self._found[key] = tuple(dict.fromkeys(self._changes(before, after)))
        return self._found[key]

    def _changes(self, before: Nodes, after: Nodes) -> Iterator[Change]:
        old = alternatives(self._released, before)
        new = alternatives(self._current, after)
        if len(old.shapes) == len(new.shapes) == 1:
            yield from self._of_shapes(old.shapes[0], new.shapes[0])
            return
        pairing = pair(self._released, self._current, old, new)
        within = [change for one, other in pairing.pairs for change in self._of_shapes(one, other)]
        yield from within
        yield from changes_of_union(pairing, within)

    def _of_shapes(self, before: Shape, after: Shape) -> Iterator[Change]:
        yield from changes_of_value(before, after)
        if before.types & after.types >= OBJECT:
            yield from self._of_fields(before, after)
            yield from self._of_further_fields(before, after)
        if before.types & after.types >= ARRAY:
            for change in self.of(before.items or ANYTHING, after.items or ANYTHING):
                yield change.within("[]")

    def _of_fields(self, before: Shape, after: Shape) -> Iterator[Change]:
        for name in _names(before, after):
            if name not in before.properties and name not in before.required:
                changes = self._of_new_field(name, before, after)
            elif name not in after.properties and name not in after.required:
                changes = iter([_GONE])
            else:
                changes = self._of_kept_field(name, before, after)
            for change in changes:
                yield change.within(name)

    def _of_new_field(self, name: str, before: Shape, after: Shape) -> Iterator[Change]:
        if before.is_closed:
            readers = Harm(Act.READ, "may meet it, where no fields but those described could come")
        else:
            readers = None
        senders = _refused_without("it is new and required") if name in after.required else None
        yield Change("", "is new", senders, readers)
        if not before.is_open and not before.is_closed:
            yield from self.of(before.additional, after.properties.get(name, ANYTHING))

    def _of_kept_field(self, name: str, before: Shape, after: Shape) -> Iterator[Change]:
        if name in after.required - before.required:
            yield Change("", "is required", senders=_refused_without("it is required now"))
        if name in before.required - after.required:
            yield Change(
                "",
                "is optional",
                readers=Harm(Act.READ, "may not find it any more: it is optional now"),
            )
        yield from self.of(
            before.properties.get(name, before.additional or ANYTHING),
            after.properties.get(name, after.additional or ANYTHING),
        )

    def _of_further_fields(self, before: Shape, after: Shape) -> Iterator[Change]:
        if before.is_closed and after.is_closed:
            return
        if after.is_closed:
            fact = "has no fields but those described"
            yield narrower(fact, "are refused if it has fields that are not described")
        elif before.is_closed:
            yield wider("may have fields that are not described")
        else:
            for change in self.of(before.additional or ANYTHING, after.additional or ANYTHING):
                yield change.within("*")


_GONE = Change(
    "",
    "is gone",
    senders=Harm(Act.SEND, "will not be heard: it is gone"),
    readers=Harm(Act.READ, "will not find it any more"),
)


def _refused_without(why: str) -> Harm:
    return Harm(Act.OMIT, f"are refused: {why}")


def _names(before: Shape, after: Shape) -> list[str]:
    """Return the names of all fields, those that were there first."""
    old = [*before.properties, *sorted(before.required)]
    return list(dict.fromkeys([*old, *after.properties, *sorted(after.required)]))

"""Compares what an operation takes: what was sent before has to be taken, and heard, as before."""

from collections.abc import Iterator

from contract.gate.document import Document
from contract.gate.findings import (
    Act,
    Change,
    Finding,
    Harm,
    breaks,
    harmless,
    otherwise,
    quoted,
    told,
)
from contract.gate.operations import Body, Operation, Parameter, Way
from contract.gate.schemas import changes


def compare(
    released: Document, current: Document, before: Operation, after: Operation
) -> Iterator[Finding]:
    """Yield what is otherwise about parameters, body and security of one operation."""
    yield from _parameters(released, current, before, after)
    for change in _body(released, current, before.body, after.body):
        yield told(before.name, change, change.senders)
    yield from _security(before, after)


def _parameters(
    released: Document, current: Document, before: Operation, after: Operation
) -> Iterator[Finding]:
    for key, known in {**after.parameters, **before.parameters}.items():
        old, new = before.parameters.get(key), after.parameters.get(key)
        for change in _parameter(released, current, old, new):
            of_parameter = change.within(known.name)
            yield told(before.name, of_parameter, change.senders, label=known.label)
        if old and new and old.place == "path" and old.name != new.name:
            text = (
                f"generated clients that give {before.name} its parameter `{old.name}` by name "
                f"will have to call it `{new.name}`"
            )
            yield breaks(before.name, old.name, text)


def _parameter(
    released: Document, current: Document, old: Parameter | None, new: Parameter | None
) -> Iterator[Change]:
    if new is None:
        yield Change("", "is gone", senders=Harm(Act.SEND, "will not be heard: it is gone"))
    elif old is None:
        refused = Harm(Act.OMIT, "are refused: it is new and required")
        yield Change("", "is new", senders=refused if new.required else None)
    else:
        yield from _requiredness(old.required, new.required)
        if old.manner != new.manner:
            yield otherwise("is written in another manner")
        yield from changes(released, current, (old.schema,), (new.schema,))


def _requiredness(before: bool, after: bool) -> Iterator[Change]:
    if after and not before:
        refused = Harm(Act.OMIT, "are refused: it is required now")
        yield Change("", "is required", senders=refused)
    if before and not after:
        yield Change("", "is optional")


def _body(
    released: Document, current: Document, old: Body | None, new: Body | None
) -> Iterator[Change]:
    if old is None or new is None:
        if new is not None:
            refused = Harm(Act.OMIT, "are refused: it is new and required")
            yield Change("", "is new", senders=refused if new.required else None)
        if old is not None:
            yield Change("", "is gone", senders=Harm(Act.SEND, "will not be heard: it is gone"))
        return
    yield from _requiredness(old.required, new.required)
    for media_type, content in old.contents.items():
        if media_type not in new.contents:
            yield Change(media_type, "is gone", senders=Harm(Act.SEND, "are refused: it is gone"))
            continue
        if content.rest != new.contents[media_type].rest:
            yield otherwise(f"is encoded in another way as `{media_type}`")
        schema = new.contents[media_type].schema
        yield from changes(released, current, (content.schema,), (schema,))
    for media_type in sorted(new.contents.keys() - old.contents.keys()):
        yield Change(media_type, "is new")


def _security(before: Operation, after: Operation) -> Iterator[Finding]:
    """Compare ways to be let in: each of the old ones has to be enough still."""
    ways = [_needs(way) for way in after.security]
    shut = [way for way in before.security if not any(new <= _needs(way) for new in ways)]
    needed = " or ".join(sorted(map(_named, after.security)))
    for way in sorted(shut, key=_named):
        text = f"clients that call {before.name} with {_named(way)} are refused: it needs {needed}"
        yield breaks(before.name, "security", text)
    if not shut and {frozenset(_needs(way)) for way in before.security} != set(ways):
        yield harmless(before.name, "security", f"may be called with {needed}")


def _needs(way: Way) -> frozenset[str]:
    return frozenset(what for what, _ in way)


def _named(way: Way) -> str:
    names = sorted(name for _, name in way)
    return quoted(names) if names else "no credentials"

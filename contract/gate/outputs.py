"""Compares what an operation answers: clients that read it may meet nothing that they do not know.

What refines an error may come: a client that does not know a status takes it for the first of its
class (RFC 9110, section 15), and so it may take an `error.code` that it does not know.
"""

from collections.abc import Iterator

from contract.gate.document import Document
from contract.gate.findings import (
    Act,
    Change,
    Finding,
    Harm,
    breaks,
    harmless,
    listed,
    otherwise,
    told,
)
from contract.gate.operations import Answer, Contents, Header, Operation
from contract.gate.schemas import changes

ERROR_CODE = "error.code"
GROWING = frozenset({"event.eventType", "events[].eventType"})
"""Lists of values that clients were told to expect more of: EVENTS.md says so of event types."""

Labelled = tuple[str, Change]
"""A change with what kind of thing it is of: a field of a body has no label."""


def compare(
    released: Document, current: Document, before: Operation, after: Operation
) -> Iterator[Finding]:
    """Yield what is otherwise about the answers of one operation, statuses that agree as one."""
    statuses_of: dict[Labelled, list[str]] = {}
    for status in sorted({*before.answers, *after.answers}):
        old, new = before.answer_to(status), after.answer_to(status)
        if old is None:
            yield _new_status(before, status)
        elif new is None:
            text = f"clients that expect {status} of {before.name} will not get it any more"
            yield breaks(before.name, status, text)
        else:
            for labelled in dict.fromkeys(_answer(released, current, status, old, new)):
                statuses_of.setdefault(labelled, []).append(status)
    for (label, change), statuses in statuses_of.items():
        place = listed(statuses)
        yield told(before.name, change, change.readers, label=label, place=place)


def _new_status(operation: Operation, status: str) -> Finding:
    if _is_error(status):
        return harmless(operation.name, status, f"{status} is new")
    text = (
        f"clients that know how {operation.name} succeeds may meet {status}, which they do not know"
    )
    return breaks(operation.name, status, text)


def _is_error(status: str) -> bool:
    return status[0] in "45"


def _answer(
    released: Document, current: Document, status: str, old: Answer, new: Answer
) -> Iterator[Labelled]:
    for change in _contents(released, current, old.contents, new.contents):
        known = change.path in GROWING or (_is_error(status) and change.path == ERROR_CODE)
        if change.grows and known:
            yield "", Change(change.path, change.fact)
        else:
            yield "", change
    for name, header in {**new.headers, **old.headers}.items():
        for change in _header(released, current, old.headers.get(name), new.headers.get(name)):
            yield "the header", change.within(header.name)
    for keyword in sorted(old.rest.keys() | new.rest.keys()):
        if old.rest.get(keyword) != new.rest.get(keyword):
            yield (
                "",
                otherwise(f"has other `{keyword}`, of which it cannot be told what it changes"),
            )


def _contents(
    released: Document, current: Document, old: Contents, new: Contents
) -> Iterator[Change]:
    for media_type, content in old.items():
        if media_type not in new:
            gone = Harm(Act.EXPECT, "will not get it any more")
            yield Change(media_type, "is gone", readers=gone)
            continue
        if content.rest != new[media_type].rest:
            yield otherwise(f"is encoded in another way as `{media_type}`")
        yield from changes(released, current, (content.schema,), (new[media_type].schema,))
    for media_type in sorted(new.keys() - old.keys()):
        unasked = Harm(Act.READ, "may meet it unasked, since `Accept` is not negotiated")
        yield Change(media_type, "is new", readers=unasked if old else None)


def _header(
    released: Document, current: Document, old: Header | None, new: Header | None
) -> Iterator[Change]:
    if new is None:
        yield Change("", "is gone", readers=Harm(Act.READ, "will not find it any more"))
    elif old is None:
        yield Change("", "is new")
    else:
        if old.required and not new.required:
            optional = Harm(Act.READ, "may not find it any more: it is optional now")
            yield Change("", "is optional", readers=optional)
        if new.required and not old.required:
            yield Change("", "is required")
        yield from changes(released, current, (old.schema,), (new.schema,))

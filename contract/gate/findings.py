"""What is found: changes, whom they harm, and the sentences that say so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

BODY = "the body"
"""What the root of a body is called."""


class Act(StrEnum):
    """What a client does that a change can spoil."""

    SEND = "send {field} to {place}"
    OMIT = "leave {field} out of {place}"
    READ = "read {field} of {place}"
    EXPECT = "expect {field} of {place}"


@dataclass(frozen=True, slots=True)
class Harm:
    """Clients that do `act` meet `consequence`."""

    act: Act
    consequence: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise about a field, and what it does to clients that send it or read it.

    `fact` goes on after the field's name. A harm that is None is none: the same change may be
    harmless in what is sent and a break in what is answered, or the other way round. `grows` tells
    a list of values that got one more.
    """

    path: str
    fact: str
    senders: Harm | None = None
    readers: Harm | None = None
    grows: bool = False

    @property
    def subject(self) -> str:
        return self.path or BODY

    def within(self, parent: str) -> "Change":
        """Return the change as one of a field that `parent` holds."""
        dot = "." if parent and self.path and not self.path.startswith("[") else ""
        return replace(self, path=f"{parent}{dot}{self.path}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is otherwise about an operation: a whole sentence if it breaks clients."""

    operation: str
    subject: str
    text: str
    breaking: bool


def narrower(fact: str, consequence: str = "") -> Change:
    """Return a change that refuses some of what was sent."""
    return Change("", fact, senders=_refused(fact, consequence))


def wider(fact: str, consequence: str = "", *, grows: bool = False) -> Change:
    """Return a change that lets clients read what never was there."""
    return Change("", fact, readers=_met(fact, consequence), grows=grows)


def otherwise(fact: str) -> Change:
    """Return a change that may refuse what was sent, and answer what never was."""
    return Change("", fact, senders=_refused(fact, ""), readers=_met(fact, ""))


def _refused(fact: str, consequence: str) -> Harm:
    return Harm(Act.SEND, consequence or f"may be refused: it {fact}")


def _met(fact: str, consequence: str) -> Harm:
    return Harm(Act.READ, consequence or f"may meet what it never was: it {fact}")


def breaks(operation: str, subject: str, text: str) -> Finding:
    return Finding(operation, subject, text, breaking=True)


def harmless(operation: str, subject: str, text: str) -> Finding:
    return Finding(operation, subject, text, breaking=False)


def told(
    operation: str, change: Change, harm: Harm | None, *, label: str = "", place: str = ""
) -> Finding:
    """Return what a change does to an operation's clients, by the harm that counts here.

    `label` says what kind of thing the field is, and `place` in which answers it is read.
    """
    field = f"{label} `{change.path}`".strip() if change.path else BODY
    if harm is None:
        return harmless(operation, change.subject, f"{field} {change.fact}")
    act = harm.act.format(field=field, place=f"{operation} {place}".strip())
    return breaks(operation, change.subject, f"clients that {act} {harm.consequence}")


def quoted(names: Sequence[str]) -> str:
    return listed([f"`{name}`" for name in names])


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last

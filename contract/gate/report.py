"""Says a verdict to people."""

from collections.abc import Iterator, Sequence

from contract.gate.comparison import EVERY_OPERATION
from contract.gate.findings import Finding, quoted
from contract.gate.verdict import Verdict

_WHERE_THE_VERSION_IS = "VERSION of SPECTACULAR_SETTINGS in financial_api/settings/base.py"
_MOST_PLACES = 3
"""To name one by one."""


def report(verdict: Verdict) -> str:
    """Return the lines for a terminal: the outcome, each break, harmless changes, what to do."""
    lines = [_outcome(verdict), *_breaks(verdict.breaks), *_harmless(verdict.harmless)]
    if not verdict.passes:
        lines += _advice(verdict)
    return "\n".join(lines)


def _outcome(verdict: Verdict) -> str:
    released, current = verdict.released, verdict.current
    breaks = _count(len(verdict.breaks), "break")
    if verdict.goes_back:
        return f"{current} is before the released {released}."
    if not verdict.breaks and not verdict.harmless:
        return f"The contract of {released} is kept: nothing has changed."
    if not verdict.breaks:
        changes = _count(len(verdict.harmless), "change")
        return f"The contract of {released} is kept: {changes}, none of which breaks a client."
    if verdict.passes:
        return f"{current} breaks the contract of {released} as its changelog says: {breaks}."
    return f"The contract of {released} is broken: {breaks}."


def _breaks(breaks: Sequence[Finding]) -> Iterator[str]:
    for operation in dict.fromkeys(one.operation for one in breaks):
        yield f"\n{operation}"
        yield from (f"  - {one.text}" for one in breaks if one.operation == operation)


def _harmless(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each change, and not for each operation that it is found at."""
    if findings:
        yield "\nHarmless:"
    for text in dict.fromkeys(one.text for one in findings):
        first, *more = dict.fromkeys(one.operation for one in findings if one.text == text)
        others = f" and {_count(len(more), 'operation')} more" if more else ""
        yield f"  + {first}{others}: {text}"


def _advice(verdict: Verdict) -> Iterator[str]:
    if verdict.goes_back:
        yield f"\nA version only goes up: set {_WHERE_THE_VERSION_IS}, and run make schema."
        return
    version = verdict.current
    yield ""
    if not verdict.is_new_major:
        version = verdict.released.next_major
        yield "Take that back. Or, if it has to be, make it a new major version:"
        yield f"set {_WHERE_THE_VERSION_IS} to {version}, run make schema,"
        yield f"and name each break under {version} in CHANGELOG.md, such as"
    else:
        yield f"CHANGELOG.md does not name all of it under {version}. It needs entries such as"
    yield from _entries(verdict.unnamed if verdict.is_new_major else verdict.breaks)


def _entries(breaks: Sequence[Finding]) -> Iterator[str]:
    """Yield an entry of a changelog for each thing that breaks, wherever it does."""
    for subject in dict.fromkeys(one.subject for one in breaks):
        places = dict.fromkeys(one.operation for one in breaks if one.subject == subject)
        if list(places) == [subject]:
            yield f"  - `{subject}`: …"
        elif len(places) > _MOST_PLACES:
            yield f"  - `{subject}` of {EVERY_OPERATION} that has it: …"
        else:
            yield f"  - `{subject}` of {quoted(list(places))}: …"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"

"""Whether a document may be what the service says from now on, and whether it may be released."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.gate.comparison import compare
from contract.gate.document import Document
from contract.gate.findings import Finding
from contract.gate.versions import Version, entries, names, version_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and what version and changelog say to it. `unnamed` are breaks, too."""

    released: Version
    current: Version
    breaks: Sequence[Finding]
    harmless: Sequence[Finding]
    unnamed: Sequence[Finding]
    has_entry: bool

    @property
    def goes_back(self) -> bool:
        return self.current < self.released

    @property
    def is_new_major(self) -> bool:
        return self.current.major > self.released.major

    @property
    def passes(self) -> bool:
        """Return True without breaks, and where a new major version names each of them."""
        deliberate = self.is_new_major and not self.unnamed
        return not self.goes_back and (deliberate or not self.breaks)


def judge(released: Document, current: Document, changelog: str) -> Verdict:
    """Return what to think of `current`. Raises UnreadableContract."""
    findings = compare(released, current)
    version = version_of(current)
    told = entries(changelog, version)
    breaks = [finding for finding in findings if finding.breaking]
    return Verdict(
        released=version_of(released),
        current=version,
        breaks=breaks,
        harmless=[finding for finding in findings if not finding.breaking],
        unnamed=[one for one in breaks if not any(names(entry, one) for entry in told or ())],
        has_entry=bool(told),
    )


def objection(verdict: Verdict, *, differs: bool) -> str | None:
    """Return why a document that passes is not to be released, None if it is.

    `differs`: it is not the released one, letter for letter.
    """
    if differs and verdict.current == verdict.released:
        return (
            f"{verdict.released} is released and stays as it is: give the changes a version of "
            "their own (VERSION of SPECTACULAR_SETTINGS) and run make schema"
        )
    if not verdict.has_entry:
        return f"CHANGELOG.md says nothing of {verdict.current}"
    return None

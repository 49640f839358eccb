"""What provisioning did, resource by resource."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EMPTIED = "emptied"


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one resource; `details` names what was updated."""

    kind: str
    name: str
    outcome: Outcome
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a line of a table."""
        line = f"{self.outcome:<10} {self.kind:<12} {self.name}"
        return f"{line} ({', '.join(self.details)})" if self.details else line


def updated(kind: str, name: str, details: list[str]) -> Change:
    """Return the change of a resource that was there, of which `details` were updated."""
    outcome = Outcome.UPDATED if details else Outcome.UNCHANGED
    return Change(kind, name, outcome, tuple(details))


class ProvisioningError(Exception):
    """A resource is not as described and cannot be made so, or did not get ready in time."""

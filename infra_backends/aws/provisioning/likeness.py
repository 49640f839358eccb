"""Whether what a service describes is as it should be."""

from collections.abc import Mapping
from typing import Any


def is_like(actual: Any, wanted: Any) -> bool:
    """Return True when all that is wanted is there; services add settings of their own.

    The order of a list means nothing, and SQS gives a number in a policy back as text.
    """
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            is_like(actual.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(any(is_like(one, other) for one in actual) for other in wanted)
        )
    return str(actual).lower() == str(wanted).lower()


def differences(actual: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return the names in `wanted` whose values are others in `actual`, or missing."""
    return [name for name, value in wanted.items() if not is_like(actual.get(name), value)]

"""What the tables' constraints have in common."""

from enum import StrEnum

from django.db.models import CheckConstraint, Q


def check(name: str, condition: Q) -> CheckConstraint:
    return CheckConstraint(condition=condition, name=name)


def one_of(name: str, field: str, enum: type[StrEnum]) -> CheckConstraint:
    """Only members of the enumeration, or NULL where the column allows it."""
    return check(name, Q(**{f"{field}__in": [str(member) for member in enum]}))


def score_range(name: str, field: str) -> CheckConstraint:
    return check(name, Q(**{f"{field}__range": (0, 1000)}))


def stored_version(name: str) -> CheckConstraint:
    """Version 0 is that of an aggregate that was never stored."""
    return check(name, Q(version__gte=1))

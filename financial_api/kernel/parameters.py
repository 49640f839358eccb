"""The numbers that can be changed at run time: their paths, meanings, defaults and valid texts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, NamedTuple

from financial_api.kernel.environment import BOOLEANS
from financial_api.kernel.money import MAX_AMOUNT, dollars


@dataclass(frozen=True, slots=True)
class Parameters:
    """One consistent set of the remote configuration. Limits are dollars."""

    low_tier_limit: Decimal = Decimal("2000.00")
    medium_tier_limit: Decimal = Decimal("5000.00")
    high_tier_limit: Decimal = Decimal("10000.00")
    auto_approve_threshold: int = 500
    cooldown_days: int = 30
    payment_bonus_min: int = 10
    payment_bonus_max: int = 50
    late_penalty_mild: int = 20
    late_penalty_moderate: int = 50
    late_penalty_severe: int = 100
    notifications_enabled: bool = True
    approval_expiry_hours: int = 24


class Form(NamedTuple):
    """A pattern of texts, what reads one, the range of its value, and all that in words."""

    pattern: str
    read: Callable[[str], Any]
    lowest: Decimal | int
    highest: Decimal | int
    valid: str


class Fault(NamedTuple):
    """Why defaults serve in place of texts, by path; None is one that is missing."""

    texts: Mapping[str, str | None]
    reason: str


def _whole(lowest: int, highest: int) -> Form:
    valid = f"between {lowest} and {highest}, in digits alone"
    return Form(r"[0-9]{1,4}", int, lowest, highest, valid)


_MONEY = r"[0-9]{1,7}(\.[0-9]{1,2})?"
_VALID = f"between 100.00 and {MAX_AMOUNT}, in digits with two decimals at most"
_LIMIT = Form(_MONEY, dollars, dollars(100), MAX_AMOUNT, _VALID)
_POINTS = _whole(0, 1000)
_WORDS = f"one of {', '.join(BOOLEANS)}"
_SWITCH = Form("|".join(BOOLEANS), BOOLEANS.__getitem__, False, True, _WORDS)

PARAMETERS: Mapping[str, tuple[str, Form, str]] = {
    "limits/lowTier": ("low_tier_limit", _LIMIT, "dollars of credit under a score of 500"),
    "limits/mediumTier": ("medium_tier_limit", _LIMIT, "dollars of credit from 500 on"),
    "limits/highTier": ("high_tier_limit", _LIMIT, "dollars of credit from 700 on"),
    "approval/autoApproveThreshold": (
        *("auto_approve_threshold", _whole(0, 1001)),
        "the score from which a request is approved at once; from 1001 on none is",
    ),
    "approval/cooldownDays": ("cooldown_days", _whole(0, 3650), "days barred after a rejection"),
    "scoring/paymentBonusMin": ("payment_bonus_min", _POINTS, "points for the least due on time"),
    "scoring/paymentBonusMax": ("payment_bonus_max", _POINTS, "points for the whole balance then"),
    "scoring/latePenaltyMild": ("late_penalty_mild", _POINTS, "points lost up to 7 days late"),
    "scoring/latePenaltyModerate": ("late_penalty_moderate", _POINTS, "points lost up to 30 days"),
    "scoring/latePenaltySevere": ("late_penalty_severe", _POINTS, "points lost when still later"),
    "whatsapp/notificationsEnabled": (
        *("notifications_enabled", _SWITCH),
        "whether admins are asked about card requests and told of payments",
    ),
    "whatsapp/approvalExpiryHours": (
        *("approval_expiry_hours", _whole(1, 8760)),
        "hours after which a request that admins were asked about is rejected",
    ),
}
"""Path in the remote configuration: the field it sets, what its text may be, what it means."""

ASCENDING = (
    ("limits/lowTier", "limits/mediumTier", "limits/highTier"),
    ("scoring/paymentBonusMin", "scoring/paymentBonusMax"),
    ("scoring/latePenaltyMild", "scoring/latePenaltyModerate", "scoring/latePenaltySevere"),
)
"""Paths of which none may be over the one behind it."""


def parse(path: str, text: str | None) -> tuple[str, Any]:
    """Return the field and value for one remote parameter; blanks around its text are no part.

    Raises ValueError when the path is unknown, or the text missing, malformed or out of range.
    """
    if path not in PARAMETERS:
        raise ValueError(f"unknown parameter; known are {', '.join(PARAMETERS)}")
    if text is None:
        raise ValueError("missing")
    field, form, _ = PARAMETERS[path]
    plain = text.strip().lower()
    if re.fullmatch(form.pattern, plain):
        value = form.read(plain)
        if form.lowest <= value <= form.highest:
            return field, value
    raise ValueError(f"not {form.valid}")


def understood(texts: Mapping[str, str | None]) -> tuple[Parameters, list[Fault]]:
    """Return what texts by path say, with defaults for the rest, and what is wrong with them.

    Where some contradict each other, all that are in order with them have their defaults.
    """
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for path, text in texts.items():
        try:
            values.update([parse(path, text)])
        except ValueError as error:
            faults.append(Fault({path: text}, str(error)))
    for paths in ASCENDING:
        order = [PARAMETERS[path][0] for path in paths]
        parameters = Parameters(**values)
        served = [getattr(parameters, field) for field in order]
        if served != sorted(served):
            these = {path: texts.get(path) for path in paths}
            faults.append(Fault(these, "not in ascending order"))
            values = {field: value for field, value in values.items() if field not in order}
    return Parameters(**values), faults


def default_texts() -> dict[str, str]:
    """Return each path with its default, as a provisioning would write it."""
    defaults = {field.name: str(field.default).lower() for field in fields(Parameters)}
    return {path: defaults[field] for path, (field, *_) in PARAMETERS.items()}

"""The numbers that can be changed at run time: their paths, defaults and valid ranges."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar

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

    @property
    def highest_limit(self) -> Decimal:
        return max(self.low_tier_limit, self.medium_tier_limit, self.high_tier_limit)


Parser = Callable[[str], Decimal | int]
N = TypeVar("N", Decimal, int)


def _money(lowest: str) -> Parser:
    return _number(r"[0-9]{1,7}(\.[0-9]{1,2})?", dollars(lowest), MAX_AMOUNT, dollars)


def _whole(lowest: int, highest: int) -> Parser:
    return _number(r"[0-9]{1,4}", lowest, highest, int)


def _switch(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError(f"none of {', '.join(BOOLEANS)}")
    return BOOLEANS[text.lower()]


def _number(form: str, lowest: N, highest: N, read: Callable[[str], N]) -> Parser:
    """Return a parser that takes plain digits only: no sign, exponent, space or separator."""

    def parse(text: str) -> Decimal | int:
        if re.fullmatch(form, text):
            value = read(text)
            if lowest <= value <= highest:
                return value
        raise ValueError(f"not between {lowest} and {highest}")

    return parse


PARAMETERS: Mapping[str, tuple[str, Parser]] = {
    "limits/lowTier": ("low_tier_limit", _money("100")),
    "limits/mediumTier": ("medium_tier_limit", _money("100")),
    "limits/highTier": ("high_tier_limit", _money("100")),
    "approval/autoApproveThreshold": ("auto_approve_threshold", _whole(0, 1001)),
    "approval/cooldownDays": ("cooldown_days", _whole(0, 3650)),
    "scoring/paymentBonusMin": ("payment_bonus_min", _whole(0, 1000)),
    "scoring/paymentBonusMax": ("payment_bonus_max", _whole(0, 1000)),
    "scoring/latePenaltyMild": ("late_penalty_mild", _whole(0, 1000)),
    "scoring/latePenaltyModerate": ("late_penalty_moderate", _whole(0, 1000)),
    "scoring/latePenaltySevere": ("late_penalty_severe", _whole(0, 1000)),
    "whatsapp/notificationsEnabled": ("notifications_enabled", _switch),
    "whatsapp/approvalExpiryHours": ("approval_expiry_hours", _whole(1, 8760)),
}
"""Path in the remote configuration: the field it sets, and how its text is read."""


def parse(path: str, text: str) -> tuple[str, Decimal | int]:
    """Return the field and value for one remote parameter.

    Raises ValueError when the path is unknown or the text is empty, malformed or out of range.
    """
    try:
        field, parser = PARAMETERS[path]
    except KeyError:
        raise ValueError(f"unknown parameter; known are {', '.join(PARAMETERS)}") from None
    return field, parser(text)


def default_texts() -> dict[str, str]:
    """Return each path with its default, as a provisioning would write it."""
    defaults = {field.name: field.default for field in fields(Parameters)}
    return {path: _text(defaults[field]) for path, (field, _) in PARAMETERS.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

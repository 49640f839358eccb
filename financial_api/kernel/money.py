"""Money: dollars as `Decimal` with two decimals."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_AMOUNT = Decimal("9999999.99")


def dollars(value: Decimal | int | str) -> Decimal:
    """Return `value` in dollars with exactly two decimals, rounded half up."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)

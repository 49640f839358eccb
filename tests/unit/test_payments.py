"""Payments: what may be paid, when it is late, what it is worth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cards.entities import CardStatus
from cards.rules import minimum_payment
from financial_api.kernel.errors import ValidationError
from tests.unit.building import DAY, DEFAULTS, NOON, TICK, a_card, cents, moments, money
from transactions.entities import PaymentStatus
from transactions.rules import days_late, payment, payment_status, score_change


@st.composite
def balance_and_amounts(draw, how_many=1):
    """A balance and payments of at most that, in cents; often near where the formula bends."""
    balance = draw(cents)
    corners = [balance, balance - 1, 2500, 2501, balance // 50, balance // 50 + 1, balance // 2]
    near = st.sampled_from([corner for corner in corners if 1 <= corner <= balance])
    amounts = [draw(st.one_of(st.integers(1, balance), near)) for _ in range(how_many)]
    return balance, *amounts


def bonus(balance, amount, parameters=DEFAULTS):
    return score_change(a_card(balance=money(balance)), money(amount), 0, parameters)


def exact_bonus(balance, amount, low=10, high=50):
    """The rule in whole cents and exact fractions."""
    if amount == balance:
        return high
    two_percent = floor(Fraction(balance * 2, 100) + Fraction(1, 2))
    if amount <= min(balance, max(2500, two_percent)):
        return low
    return floor(low + Fraction((high - low) * amount, balance) + Fraction(1, 2))


@given(balance_and_amounts())
def test_the_bonus_is_the_formula_rounded_half_up(case):
    assert bonus(*case) == exact_bonus(*case)


@given(balance_and_amounts(), st.integers(0, 1000), st.integers(0, 1000))
def test_the_bonus_follows_the_configured_range(case, one, other):
    low, high = sorted((one, other))
    parameters = replace(DEFAULTS, payment_bonus_min=low, payment_bonus_max=high)
    assert bonus(*case, parameters) == exact_bonus(*case, low, high)


@given(st.integers(1, 10**6), st.integers(0, 39))
def test_a_bonus_that_ends_in_a_half_is_rounded_up(unit, whole):
    balance, amount = 80 * unit, (2 * whole + 1) * unit  # amount / balance * 40 = whole + 1/2
    assume(amount > max(2500, Fraction(balance, 50)))
    assert bonus(balance, amount) == 10 + whole + 1


@given(balance_and_amounts())
def test_the_bonus_is_from_10_to_50_points(case):
    assert 10 <= bonus(*case) <= 50


@given(balance_and_amounts(how_many=2))
def test_paying_more_is_never_worth_less(case):
    balance, one, other = case
    assert bonus(balance, min(one, other)) <= bonus(balance, max(one, other))


@pytest.mark.parametrize(
    ("balance", "amount", "points"),
    [
        ("5000.00", "5000.00", 50),
        ("5000.00", "100.00", 10),  # the minimum due
        ("5000.00", "99.99", 10),
        ("5000.00", "100.01", 11),
        ("5000.00", "2500.00", 30),
        ("5000.00", "4999.99", 50),
        ("20.00", "20.00", 50),  # the whole balance, though it is the minimum due as well
        ("20.00", "19.99", 10),
        ("80.00", "25.00", 10),
        ("80.00", "25.01", 23),
        ("1000.00", "37.50", 12),  # 11.5
        ("1000.00", "37.49", 11),  # 11.4996
        ("1000.00", "62.50", 13),  # 12.5: half up, not half to even
        ("1000.00", "62.49", 12),  # 12.4996
    ],
)
def test_a_payment_on_time_is_worth(balance, amount, points):
    assert score_change(a_card(balance=balance), Decimal(amount), 0, DEFAULTS) == points


@pytest.mark.parametrize(
    ("days", "points"),
    [(1, -20), (7, -20), (8, -50), (30, -50), (31, -100), (365, -100)],
)
def test_a_late_payment_costs(days, points):
    assert score_change(a_card(balance="100"), Decimal(100), days, DEFAULTS) == points


@given(st.integers(1, 1000), st.sampled_from(["0.01", "50", "100"]))
def test_a_late_payment_costs_the_same_whatever_its_amount(days, amount):
    card = a_card(balance="100")
    assert score_change(card, Decimal(amount), days, DEFAULTS) == score_change(
        card, Decimal(100), days, DEFAULTS
    )


def test_the_penalties_are_the_configured_ones():
    parameters = replace(
        DEFAULTS, late_penalty_mild=1, late_penalty_moderate=2, late_penalty_severe=3
    )
    points = [score_change(a_card(balance="9"), Decimal(9), d, parameters) for d in (7, 8, 31)]
    assert points == [-1, -2, -3]


DUE = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("paid", "days"),
    [
        (datetime(2026, 2, 20, tzinfo=UTC), 0),
        (DUE, 0),
        (datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC), 0),  # later that day is on time
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), 1),  # 8.5 hours later, yet another date
        (datetime(2026, 3, 8, 23, 59, tzinfo=UTC), 7),
        (datetime(2026, 3, 9, 0, 0, tzinfo=UTC), 8),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), 30),
        (datetime(2026, 4, 1, 0, 0, tzinfo=UTC), 31),
    ],
)
def test_days_late_are_the_difference_of_the_two_dates(paid, days):
    assert days_late(DUE, paid) == days


@given(moments, moments)
def test_days_late_count_midnights_in_utc(due, paid):
    midnights = int(paid.timestamp() // 86400) - int(due.timestamp() // 86400)
    assert days_late(due, paid) == max(0, midnights)


@given(moments, moments, st.integers(-14, 14))
def test_days_late_do_not_depend_on_the_time_zone_they_are_written_in(due, paid, hours):
    zone = timezone(timedelta(hours=hours))
    assert days_late(due.astimezone(zone), paid.astimezone(zone)) == days_late(due, paid)


def test_a_payment_is_late_from_the_first_day():
    assert payment_status(0) is PaymentStatus.ON_TIME
    assert payment_status(1) is PaymentStatus.LATE


@given(balance_and_amounts())
def test_a_payment_lowers_the_balance_and_frees_the_credit(case):
    balance, amount = map(money, case)
    assume(balance <= 5_000_000)
    before = a_card(balance=balance, limit="5000000")
    after = payment(before, amount, NOON)
    assert after.balance == balance - amount
    assert after.available_credit == before.available_credit + amount


def test_a_payment_of_exactly_the_balance_is_fine():
    assert payment(a_card(balance="10.01"), Decimal("10.01"), NOON).balance == 0


def test_a_payment_of_a_cent_over_the_balance_is_refused():
    with pytest.raises(ValidationError, match="balance"):
        payment(a_card(balance="10.01"), Decimal("10.02"), NOON)


def test_without_a_balance_there_is_nothing_to_pay():
    with pytest.raises(ValidationError, match="no balance"):
        payment(a_card(), Decimal("0.01"), NOON)


def test_a_suspended_card_can_still_be_paid_off():
    after = payment(a_card(balance="5", status=CardStatus.SUSPENDED), Decimal(5), NOON)
    assert (after.balance, after.status) == (0, CardStatus.SUSPENDED)


@pytest.mark.parametrize("amount", ["1.00", "50.00"])
def test_every_payment_sets_the_due_date_30_days_ahead(amount):
    card = a_card(balance="50", next_due_date=NOON - 3 * DAY)
    assert payment(card, Decimal(amount), NOON).next_due_date == NOON + timedelta(days=30)


@given(cents)
def test_the_minimum_payment_is_2_percent_but_at_least_25_and_never_over_the_balance(balance):
    two_percent = floor(Fraction(balance, 50) + Fraction(1, 2))
    expected = sorted((2500, two_percent))[1] if balance > 2500 else balance
    assert minimum_payment(money(balance)) == Decimal(expected) / 100


@pytest.mark.parametrize(
    ("balance", "due"),
    [
        ("0.00", "0.00"),
        ("0.01", "0.01"),
        ("24.99", "24.99"),
        ("25.00", "25.00"),
        ("25.01", "25.00"),
        ("1250.00", "25.00"),
        ("1250.24", "25.00"),  # 25.0048
        ("1250.25", "25.01"),  # 25.005, rounded half up
        ("10000.00", "200.00"),
    ],
)
def test_the_minimum_payment_of_a_balance(balance, due):
    assert str(minimum_payment(Decimal(balance))) == due


@given(cents, cents)
def test_a_larger_balance_never_has_a_smaller_minimum_payment(one, other):
    lower, higher = sorted((one, other))
    assert minimum_payment(money(lower)) <= minimum_payment(money(higher))


def test_a_payment_marks_the_card_as_updated():
    assert payment(a_card(balance="5"), Decimal(5), NOON + TICK).updated_at == NOON + TICK

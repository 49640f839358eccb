"""Purchases, and how a card's limit, due date and status move."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.entities import Tier
from cards.entities import CardStatus
from cards.rules import (
    cancel,
    due_date,
    is_near_limit,
    reactivate,
    suspend,
    tier_limit,
)
from financial_api.kernel.errors import (
    InsufficientCredit,
    InvalidStateTransition,
    ValidationError,
)
from financial_api.kernel.parameters import Parameters
from tests.unit.building import DAY, DEFAULTS, NOON, a_card, cents, money
from transactions.rules import purchase

ACTIVE, SUSPENDED, CANCELLED = CardStatus.ACTIVE, CardStatus.SUSPENDED, CardStatus.CANCELLED


@pytest.mark.parametrize(
    ("tier", "limit"), [(Tier.HIGH, 10000), (Tier.MEDIUM, 5000), (Tier.LOW, 2000)]
)
def test_a_limit_goes_by_tier(tier, limit):
    assert tier_limit(tier, DEFAULTS) == limit


@pytest.mark.parametrize(
    ("configured", "limit"), [("99.99", 100), ("100", 100), ("100.01", "100.01")]
)
def test_a_limit_is_never_under_100(configured, limit):
    parameters = Parameters(low_tier_limit=Decimal(configured))
    assert tier_limit(Tier.LOW, parameters) == Decimal(limit)


def test_the_available_credit_is_what_the_balance_leaves_of_the_limit():
    assert a_card(limit="5000", balance="120.50").available_credit == Decimal("4879.50")


def test_a_purchase_of_exactly_the_available_credit_is_fine():
    after = purchase(a_card(balance="4000"), Decimal("1000.00"), NOON)
    assert (after.balance, after.available_credit) == (5000, 0)


def test_a_purchase_of_a_cent_over_the_available_credit_is_refused_with_both_amounts():
    with pytest.raises(InsufficientCredit) as refusal:
        purchase(a_card(balance="4000"), Decimal("1000.01"), NOON)
    assert refusal.value.status == 402
    assert refusal.value.details == {
        "requestedAmount": Decimal("1000.01"),
        "availableCredit": Decimal("1000.00"),
    }


@given(limit=cents, balance=cents, amount=cents)
def test_a_purchase_goes_through_if_and_only_if_the_credit_covers_it(limit, balance, amount):
    card = a_card(limit=money(max(limit, balance)), balance=money(min(limit, balance)))
    if amount <= abs(limit - balance):
        after = purchase(card, money(amount), NOON)
        assert after.balance == money(min(limit, balance) + amount)
        assert 0 <= after.balance <= after.limit
    else:
        with pytest.raises(InsufficientCredit):
            purchase(card, money(amount), NOON)


@pytest.mark.parametrize("status", [SUSPENDED, CANCELLED])
def test_a_purchase_needs_an_active_card(status):
    with pytest.raises(ValidationError, match="not active"):
        purchase(a_card(status=status), Decimal(1), NOON)


def test_that_a_card_is_not_active_is_said_before_its_credit_is_judged():
    with pytest.raises(ValidationError, match="not active"):
        purchase(a_card(status=SUSPENDED), Decimal(999_999), NOON)


def test_a_purchase_on_a_card_without_balance_sets_the_due_date_30_days_ahead():
    old = a_card(next_due_date=NOON - 100 * DAY)
    assert purchase(old, Decimal(1), NOON).next_due_date == NOON + timedelta(days=30)


def test_a_purchase_on_a_card_with_a_balance_leaves_the_due_date():
    card = a_card(balance="0.01", next_due_date=NOON + 3 * DAY)
    assert purchase(card, Decimal(1), NOON).next_due_date == NOON + 3 * DAY


def test_a_due_date_is_30_days_on_to_the_microsecond():
    assert due_date(NOON) == NOON + timedelta(days=30)


@pytest.mark.parametrize(
    ("balance", "near"),
    [("0", False), ("4499.99", False), ("4500.00", False), ("4500.01", True), ("5000", True)],
)
def test_a_card_is_near_its_limit_over_90_percent(balance, near):
    assert is_near_limit(a_card(limit="5000", balance=balance)) is near


@given(limit=cents, used=cents)
def test_near_the_limit_is_over_nine_tenths_exactly(limit, used):
    card = a_card(limit=money(limit), balance=money(min(limit, used)))
    assert is_near_limit(card) is (Fraction(min(limit, used), limit) > Fraction(9, 10))


@pytest.mark.parametrize(
    ("move", "before", "after"),
    [
        (suspend, ACTIVE, SUSPENDED),
        (reactivate, SUSPENDED, ACTIVE),
        (cancel, ACTIVE, CANCELLED),
        (cancel, SUSPENDED, CANCELLED),
    ],
)
def test_a_card_may_move(move, before, after):
    moved = move(a_card(status=before), NOON + DAY)
    assert (moved.status, moved.updated_at) == (after, NOON + DAY)


@pytest.mark.parametrize(
    ("move", "status"),
    [
        (suspend, SUSPENDED),
        (suspend, CANCELLED),
        (reactivate, ACTIVE),
        (reactivate, CANCELLED),
        (cancel, CANCELLED),
    ],
)
def test_a_card_may_not_move(move, status):
    with pytest.raises(InvalidStateTransition):
        move(a_card(status=status), NOON)


@pytest.mark.parametrize("status", [ACTIVE, SUSPENDED])
def test_a_card_with_a_balance_of_a_cent_cannot_be_cancelled(status):
    with pytest.raises(InvalidStateTransition, match="balance"):
        cancel(a_card(status=status, balance="0.01"), NOON)


@pytest.mark.parametrize("status", [ACTIVE, SUSPENDED])
def test_suspending_and_reactivating_leave_the_balance(status):
    move = suspend if status is ACTIVE else reactivate
    assert move(a_card(status=status, balance="7"), NOON).balance == 7


@given(st.lists(st.sampled_from([suspend, reactivate, cancel]), max_size=8))
def test_a_cancelled_card_stays_cancelled(moves):
    card = cancel(a_card(), NOON)
    for move in moves:
        with pytest.raises(InvalidStateTransition):
            move(card, NOON)

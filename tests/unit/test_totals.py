"""A user's card summary always equals the sum over its cards."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from accounts.entities import CardTotals
from cards import approval
from cards import rules as card_rules
from cards.entities import CardStatus, DecisionSource
from financial_api.kernel.errors import ApiError
from tests.unit.building import NOON, TICK, a_user, money
from transactions import rules as transaction_rules

a_card_of_many = st.integers(0, 9)
amounts = st.integers(1, 600_000).map(money)


class OneUsersCards(RuleBasedStateMachine):
    """Every operation on cards, in any order, through the rules that the services call."""

    def __init__(self):
        super().__init__()
        self.user = a_user()
        self.cards = []
        self.now = NOON

    def tick(self):
        self.now += TICK
        return self.now

    @precondition(lambda self: not self.user.card_summary.active_cards)
    @rule(limit=st.integers(10_000, 1_000_000).map(money))
    def approve(self, limit):
        waiting, request = approval.open_request(self.user, approval.PRODUCT_ID, self.tick())
        self.user, _, card = approval.approve(
            waiting, request, limit, self.now, source=DecisionSource.AUTO
        )
        self.cards.append(card)

    @precondition(lambda self: self.cards)
    @rule(which=a_card_of_many, amount=amounts)
    def purchase(self, which, amount):
        self.move(which, lambda card, now: transaction_rules.purchase(card, amount, now))

    @precondition(lambda self: self.cards)
    @rule(which=a_card_of_many, amount=amounts)
    def payment(self, which, amount):
        self.move(which, lambda card, now: transaction_rules.payment(card, amount, now))

    @precondition(lambda self: self.cards)
    @rule(which=a_card_of_many)
    def pay_off(self, which):
        self.move(which, lambda card, now: transaction_rules.payment(card, card.balance, now))

    @precondition(lambda self: self.cards)
    @rule(
        which=a_card_of_many,
        change=st.sampled_from([card_rules.suspend, card_rules.reactivate, card_rules.cancel]),
    )
    def change_status(self, which, change):
        self.move(which, change)

    def move(self, which, operation):
        index = which % len(self.cards)
        before = self.cards[index]
        try:
            after = operation(before, self.tick())
        except ApiError:
            return
        self.cards[index] = after
        self.user = self.user.with_totals_moved(before.totals, after.totals, self.now)

    @invariant()
    def the_summary_is_the_sum(self):
        live = [card for card in self.cards if card.status is not CardStatus.CANCELLED]
        summary = self.user.card_summary
        assert summary.active_cards == sum(card.status is CardStatus.ACTIVE for card in live)
        assert summary.total_balance == sum(card.balance for card in live)
        assert summary.total_limit == sum(card.limit for card in live)

    @invariant()
    def no_balance_is_negative_or_over_its_limit(self):
        assert all(0 <= card.balance <= card.limit for card in self.cards)

    @invariant()
    def money_keeps_two_decimals(self):
        summary = self.user.card_summary
        for sum_of_money in (summary.total_balance, summary.total_limit):
            assert sum_of_money == sum_of_money.quantize(Decimal("0.01"))

    @invariant()
    def a_cancelled_card_owes_nothing(self):
        cancelled = [card for card in self.cards if card.status is CardStatus.CANCELLED]
        assert all(card.balance == 0 and card.totals == CardTotals() for card in cancelled)


TestOneUsersCards = OneUsersCards.TestCase
TestOneUsersCards.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

"""The state machine: people and two admins who do anything in any order, at the HTTP edge."""

import contextlib
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from financial_api.kernel import clock, ids
from infra_backends import persistence
from tests.faults.agreement import check_agreement
from tests.faults.asking import check_answer, send
from tests.faults.hasty import HastyRelay
from tests.faults.model import Ask, Card, Request
from tests.faults.world import COOLDOWN, LOWEST_LIMIT, PRODUCT, World
from tests.support.api import REASON, Admin, Api, Customer
from tests.support.breaking import Announcing
from tests.support.clocks import ElapsingClock
from tests.support.everything import Everything, look
from tests.support.in_process import URL, in_process, nothing_cached
from tests.support.invariants import check_audit_pages, check_index, check_rows
from tests.support.soak import soaking
from tests.support.store import Store

T = TypeVar("T")

BEGINNING = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
USERS = ("user-1", "user-2", "user-3")
ADMINS = ("admin-1", "admin-2")

users = st.sampled_from(USERS)
admins = st.sampled_from(ADMINS)
choices = st.one_of(st.just(0), st.integers(0, 50))
"""Which one, of however many there are then; the likeliest to lead somewhere is the first."""

amounts = st.sampled_from(
    ["all", "all but a cent", "a cent too many", "half", "a third", "a sixteenth"]
)
"""A sixteenth of a round balance is worth half a point."""

cents = st.integers(1, 3_000_00)
scores = st.one_of(st.sampled_from([0, 400, 499, 500, 699, 700, 1000]), st.integers(0, 1000))
limits = st.sampled_from(
    [2_000_00, 100_00, 500_00, 2_000_00, 2_000_01, 5_000_00, 10_000_00, 10_000_01, 99_99]
)
spans = st.sampled_from([1, 23, 24, 24 * 6, 24 * 8, 24 * 29, 24 * 30, 24 * 31, 24 * 38, 24 * 61])
"""Hours to let go by."""

products = st.sampled_from([PRODUCT, PRODUCT, PRODUCT, PRODUCT, "golden-credit-card"])


@dataclass
class Tally:
    """How many steps were really run, and which requests were answered how."""

    steps: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By operation, and "success", "replay" or the code of a refusal."""


LOOK_EVERY = soaking(promised=1, in_ci=4)
"""After how many steps all that is stored is looked at; what went wrong in one of them stays."""

LOOK_CLOSELY_EVERY = 4 * LOOK_EVERY
"""The same for what can be had from the store in more than one way: indexes and pages."""

READS = {
    *("read", "score_history", "of_user", "owner_of", "page", "page_of_actor", "page_of_target"),
    *("proposals", "backlog", "oldest_unsent", "ping"),
}
"""What leaves a store as it is; after anything else it must be looked at."""


class ServiceMachine(RuleBasedStateMachine):
    def __init__(self, store: Store, tally: Tally) -> None:
        super().__init__()
        self.tally = tally
        self.world = World()
        self.clock = ElapsingClock(BEGINNING)
        self.sent: list[tuple[Ask, str]] = []
        self.found: Everything | None = None
        """All that is stored; None since something was written."""
        self.may_have_unsent = False
        self.new_keys = (f"key-{number}" for number in itertools.count())
        self.resources = contextlib.ExitStack()
        self.backend = self.resources.enter_context(store.serving())
        self.resources.enter_context(persistence.use(Announcing(self.backend, self.note_call)))
        self.resources.enter_context(clock.installed(self.clock))
        self.resources.enter_context(nothing_cached())
        self.resources.callback(ids.install, ids.install(random.Random(0).getrandbits))
        self.clients: dict[str, Api] = {name: in_process(Customer(URL, name)) for name in USERS}
        self.clients |= {name: in_process(Admin(URL, name)) for name in ADMINS}

    def teardown(self) -> None:
        try:
            check_agreement(self.world, self.look())
        finally:
            for client in self.clients.values():
                client.close()
            self.resources.close()

    def note_call(self, step: str) -> None:
        if step.split()[-1].split(".")[-1] not in READS:
            self.found = None
            self.may_have_unsent = True

    def look(self) -> Everything:
        """Return all that is stored, read anew if anything was written since the last look."""
        if self.found is None:
            self.found = look(self.backend, USERS, ADMINS)
            check_rows(self.found)
        return self.found

    def ask(self, ask: Ask, key: str | None = None) -> None:
        """Send a request; every third one twice, as a client would that lost the answer."""
        key = key or next(self.new_keys)
        self.ask_once(ask, key)
        if len(self.sent) % 3 == 0:
            self.ask_once(ask, key)

    def ask_once(self, ask: Ask, key: str) -> None:
        """Send a request and hold its answer against the model's."""
        self.clock.move(seconds=1)
        self.sent.append((ask, key))
        answer = self.world.answer(ask, key, self.clock.present)
        response = send(self.clients[ask.caller], ask, key)
        check_answer(self.world, ask, answer, response)
        self.tally.outcomes[ask.operation, answer.outcome] += 1
        if answer.outcome == "success":
            self.world.keep(ask, key, response.content, self.clock.present)

    @initialize(score=st.sampled_from([400, 0, 400, 499, 700]))
    def one_has_a_card_and_one_has_asked(self, score: int) -> None:
        first, second = USERS[:2]
        self.register(first)
        self.request_a_card(first, PRODUCT)
        self.register(second)
        self.change_a_score(ADMINS[0], second, score)
        self.request_a_card(second, PRODUCT)

    @rule(name=users)
    def register(self, name: str) -> None:
        self.ask(Ask(name, "register"))

    @rule(name=users, product=products)
    def request_a_card(self, name: str, product: str) -> None:
        self.ask(Ask(name, "request_card", fields=(("product", product),)))

    @precondition(lambda self: self.world.cards)
    @rule(choice=choices, amount=st.one_of(amounts, cents))
    def buy(self, choice: int, amount: Any) -> None:
        card = _pick(self.world.cards, lambda card: card.status == "active", choice)
        self.ask(_spending(card.owner, "purchase", card, amount, card.available))

    @precondition(lambda self: self.world.cards)
    @rule(choice=choices)
    def use_all_credit_and_pay_a_little(self, choice: int) -> None:
        card = _pick(self.world.cards, lambda card: card.status == "active", choice)
        self.ask(_spending(card.owner, "purchase", card, "all", card.available))
        self.ask(_spending(card.owner, "payment", card, "a sixteenth", card.balance))

    @precondition(lambda self: self.world.cards)
    @rule(choice=choices, amount=st.one_of(amounts, cents))
    def pay(self, choice: int, amount: Any) -> None:
        card = _pick(self.world.cards, lambda card: card.balance > 0, choice)
        self.ask(_spending(card.owner, "payment", card, amount, card.balance))

    @precondition(lambda self: self.world.cards)
    @rule(name=users, choice=choices, operation=st.sampled_from(["purchase", "payment"]))
    def use_a_card_of_anybodys(self, name: str, choice: int, operation: str) -> None:
        self.ask(_spending(name, operation, _pick(self.world.cards, bool, choice), 10_00, 0))

    @rule(admin=admins, name=users, score=scores)
    def change_a_score(self, admin: str, name: str, score: int) -> None:
        self.ask(Ask(admin, "score", name, fields=(("score", score), ("reason", REASON))))

    @precondition(lambda self: self.world.cards)
    @rule(admin=admins, choice=choices, score=st.sampled_from([1000, 0, 990, 10]))
    def pay_all_at_an_end_of_the_scale(self, admin: str, choice: int, score: int) -> None:
        card = _pick(self.world.cards, lambda card: card.balance > 0, choice)
        self.change_a_score(admin, card.owner, score)
        self.ask(_spending(card.owner, "payment", card, "all", card.balance))

    @precondition(lambda self: self.world.requests)
    @rule(admin=admins, choice=choices, limit=limits)
    def approve(self, admin: str, choice: int, limit: int) -> None:
        self.ask(Ask(admin, "approve", self.request(choice).id, fields=(("cents", limit),)))

    @precondition(lambda self: self.pending)
    @rule(admin=admins, choice=choices, limit=limits)
    def approve_what_waits(self, admin: str, choice: int, limit: int) -> None:
        request = self.pending[choice % len(self.pending)]
        most = self.world.users[request.owner].tier_limit
        within = min(max(limit, LOWEST_LIMIT), most)
        self.ask(Ask(admin, "approve", request.id, fields=(("cents", within),)))

    @precondition(lambda self: self.pending)
    @rule(admin=admins, choice=choices)
    def approve_with_too_much(self, admin: str, choice: int) -> None:
        request = self.pending[choice % len(self.pending)]
        too_much = self.world.users[request.owner].tier_limit + 1
        self.ask(Ask(admin, "approve", request.id, fields=(("cents", too_much),)))

    @precondition(lambda self: self.world.requests)
    @rule(admin=admins, choice=choices)
    def reject(self, admin: str, choice: int) -> None:
        self.ask(Ask(admin, "reject", self.request(choice).id))

    @precondition(lambda self: self.world.cards)
    @rule(admin=admins, choice=choices, to=st.sampled_from(["suspend", "reactivate", "cancel"]))
    def move_a_card(self, admin: str, choice: int, to: str) -> None:
        movable = {"suspend": {"active"}, "reactivate": {"suspended"}}
        allowed_from = movable.get(to, {"active", "suspended"})
        card = _pick(self.world.cards, lambda card: card.status in allowed_from, choice)
        self.ask(Ask(admin, to, card.id, owner=card.owner))

    @precondition(lambda self: any(card.status == "suspended" for card in self.world.cards))
    @rule(admin=admins, choice=choices)
    def reactivate_what_is_suspended(self, admin: str, choice: int) -> None:
        self.move_a_card(admin, choice, "reactivate")

    @precondition(lambda self: any(user.status == "disabled" for user in self.world.users.values()))
    @rule(admin=admins)
    def enable_all(self, admin: str) -> None:
        for user in self.world.users.values():
            self.ask(Ask(admin, "enable", user.id))

    @rule(admin=admins, name=users, to=st.sampled_from(["disable", "enable"]))
    def move_a_user(self, admin: str, name: str, to: str) -> None:
        self.ask(Ask(admin, to, name))

    @precondition(lambda self: self.sent)
    @rule(choice=choices)
    def repeat_an_earlier_request(self, choice: int) -> None:
        was_answered = {(kept.ask, key) for (_, key), kept in self.world.kept.items()}
        self.ask(*_pick(self.sent, was_answered.__contains__, choice))

    @precondition(lambda self: self.world.kept)
    @rule(choice=choices, seconds=st.sampled_from([-1, 0, 1]))
    def repeat_a_request_as_its_key_expires(self, choice: int, seconds: int) -> None:
        (_, key), kept = _pick(list(self.world.kept.items()), bool, choice)
        self.wait_until(kept.until + timedelta(seconds=seconds))
        self.ask(kept.ask, key)

    @precondition(lambda self: any(user.rejected_at for user in self.world.users.values()))
    @rule(choice=choices, seconds=st.sampled_from([-1, 0, 1]))
    def ask_again_as_the_cooldown_ends(self, choice: int, seconds: int) -> None:
        user = _pick(list(self.world.users.values()), lambda user: bool(user.rejected_at), choice)
        if user.rejected_at is not None:
            self.wait_until(user.rejected_at + COOLDOWN + timedelta(seconds=seconds))
        self.request_a_card(user.id, PRODUCT)

    @precondition(lambda self: self.sent)
    @rule(choice=choices, name=users, product=products)
    def ask_something_else_under_a_used_key(self, choice: int, name: str, product: str) -> None:
        _, key = self.sent[-1 - choice % len(self.sent)]
        self.ask(Ask(name, "request_card", fields=(("product", product),)), key)

    @precondition(lambda self: self.world.cards)
    @rule(choice=choices, other=choices, amount=cents)
    def pay_under_a_used_key(self, choice: int, other: int, amount: int) -> None:
        _, key = self.sent[-1 - choice % len(self.sent)]
        card = _pick(self.world.cards, lambda card: card.balance > 0, other)
        self.ask(_spending(card.owner, "payment", card, amount, 0), key)

    @rule(hours=spans)
    def let_time_go_by(self, hours: int) -> None:
        self.clock.move(hours=hours)

    @precondition(lambda self: self.may_have_unsent)
    @rule()
    def drain(self) -> None:
        HastyRelay("the relay").drain()
        assert self.backend.outbox.oldest_unsent() is None
        self.may_have_unsent = False

    @invariant()
    def all_that_is_stored_fits_together_and_is_the_models(self) -> None:
        self.tally.steps += bool(self.sent)
        if self.tally.steps % LOOK_EVERY == 0:
            check_agreement(self.world, self.look())
        if self.tally.steps % LOOK_CLOSELY_EVERY == 0:
            check_audit_pages(self.backend, self.look())
            check_index(self.backend, self.look())

    def wait_until(self, moment: datetime) -> None:
        """Have the next request be sent at a moment, unless that is past."""
        self.clock.present = max(self.clock.present, moment - timedelta(seconds=1))

    @property
    def pending(self) -> list[Request]:
        return [request for request in self.world.requests if request.status == "pending"]

    def request(self, choice: int) -> Request:
        return _pick(self.world.requests, lambda request: request.status == "pending", choice)


def _pick(things: Sequence[T], is_likely: Callable[[T], bool], choice: int) -> T:
    """Return one of the things; the likely ones come first, and of those the newest."""
    newest_first = things[::-1]
    likely = [thing for thing in newest_first if is_likely(thing)]
    unlikely = [thing for thing in newest_first if not is_likely(thing)]
    return (likely + unlikely)[choice % len(things)]


def _spending(caller: str, operation: str, card: Card, amount: Any, most: int) -> Ask:
    relative = {
        "all": most,
        "all but a cent": most - 1,
        "a cent too many": most + 1,
        "half": most // 2,
        "a third": most // 3,
        "a sixteenth": most // 16,
    }
    cents = relative.get(amount, amount)
    return Ask(caller, operation, card.id, fields=(("cents", max(1, cents)),))

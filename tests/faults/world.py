"""What the service should do, in plain Python: no store, no events backend, no HTTP, no threads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.faults.model import (
    TIER_LIMITS,
    Answer,
    Ask,
    Card,
    Request,
    Transaction,
    User,
    points,
)

PRODUCT = "default-credit-card"
LOWEST_LIMIT = 100_00
THRESHOLD = 500
TERM = timedelta(days=30)
COOLDOWN = timedelta(days=30)
KEY_KEPT = timedelta(hours=24)


NOT_FOUND = (404, "NOT_FOUND")
INVALID = (400, "VALIDATION_ERROR")
NO_TRANSITION = (409, "INVALID_STATE_TRANSITION")
CARD_EXISTS = (409, "CARD_ALREADY_EXISTS")


@dataclass
class Kept:
    """What is remembered under an idempotency key."""

    ask: Ask
    body: bytes
    until: datetime


def refusal(status: int, code: str) -> Answer:
    return Answer(status, code)


class World:
    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.kept: dict[tuple[str, str], Kept] = {}
        self.audits: list[tuple[str, str, Any]] = []
        """Admin, action and what it was done to."""

    @property
    def cards(self) -> list[Card]:
        return [card for user in self.users.values() for card in user.cards]

    @property
    def requests(self) -> list[Request]:
        return [request for user in self.users.values() for request in user.requests]

    def answer(self, ask: Ask, key: str, now: datetime) -> Answer:
        """Return what a request must be answered with now, and change as it does."""
        caller = self.users.get(ask.caller)
        if caller is not None and caller.status == "disabled":
            return refusal(403, "ACCOUNT_DISABLED")
        if not self._is_valid(ask):
            return refusal(*INVALID)
        kept = self.kept.get((ask.caller, key))
        if ask.operation != "register" and kept is not None and now < kept.until:
            if kept.ask != ask:
                return refusal(409, "REQUEST_ALREADY_PROCESSED")
            return Answer(200, replays=kept.body)
        answer: Answer = getattr(self, f"_{ask.operation}")(ask, now)
        return answer

    def keep(self, ask: Ask, key: str, body: bytes, now: datetime) -> None:
        """Remember the answer to a request that has just succeeded, if it takes a key."""
        if ask.operation == "register":
            return
        self.kept[ask.caller, key] = Kept(ask, body, now + KEY_KEPT)

    def _is_valid(self, ask: Ask) -> bool:
        if ask.operation == "request_card":
            return bool(ask.get("product") == PRODUCT)
        if ask.operation == "approve":
            return LOWEST_LIMIT <= ask.get("cents") <= max(TIER_LIMITS.values())
        return True

    def _register(self, ask: Ask, now: datetime) -> Answer:
        created = ask.caller not in self.users
        user = self.users.setdefault(ask.caller, User(ask.caller))
        return Answer(201 if created else 200, subject=user)

    def _request_card(self, ask: Ask, now: datetime) -> Answer:
        user = self.users.get(ask.caller)
        if user is None:
            return refusal(*NOT_FOUND)
        if user.pending:
            return refusal(409, "CARD_REQUEST_EXISTS")
        if user.has_active_card:
            return refusal(*CARD_EXISTS)
        if user.rejected_at is not None and now < user.rejected_at + COOLDOWN:
            return refusal(*INVALID)
        request = Request(user.id, user.score)
        user.requests.append(request)
        if user.score < THRESHOLD:
            return Answer(201, subject=request, made=(request,))
        card = self._approved(user, request, user.tier_limit, "auto", now)
        return Answer(201, subject=request, made=(request, card))

    def _approved(
        self, user: User, request: Request, limit: int, source: str, now: datetime
    ) -> Card:
        card = Card(user.id, limit, now + TERM, source, user.score)
        user.cards.append(card)
        request.status, request.card = "approved", card
        request.events.append("card.approved")
        return card

    def _own_card(self, ask: Ask) -> Card | None:
        user = self.users.get(ask.caller)
        return next((card for card in (user.cards if user else ()) if card.id == ask.target), None)

    def _purchase(self, ask: Ask, now: datetime) -> Answer:
        card, cents = self._own_card(ask), ask.get("cents")
        if card is None:
            return refusal(*NOT_FOUND)
        bought = Transaction("purchase", cents)
        card.transactions.append(bought)
        if card.status != "active" or cents > card.available:
            bought.status = "failed"
            inactive = card.status != "active"
            return refusal(*INVALID) if inactive else refusal(402, "INSUFFICIENT_CREDIT")
        if card.balance == 0:
            card.due = now + TERM
        card.balance += cents
        card.events.append("transaction.purchase")
        return Answer(201, subject=card)

    def _payment(self, ask: Ask, now: datetime) -> Answer:
        card, cents = self._own_card(ask), ask.get("cents")
        if card is None:
            return refusal(*NOT_FOUND)
        paid = Transaction("payment", cents)
        card.transactions.append(paid)
        if cents > card.balance:
            paid.status = "failed"
            return refusal(*INVALID)
        worth = points(card, cents, now)
        user = self.users[card.owner]
        move = user.score_moves(worth, "payment_late" if worth < 0 else "payment_on_time")
        card.balance -= cents
        card.due = now + TERM
        card.events.append("transaction.payment")
        return Answer(201, subject=card, score_move=move)

    def _score(self, ask: Ask, now: datetime) -> Answer:
        user = self.users.get(ask.target)
        if user is None:
            return refusal(*NOT_FOUND)
        user.score_moves(ask.get("score") - user.score, ask.get("reason"))
        self.audits.append((ask.caller, "score.adjusted", user))
        return Answer(200, subject=user)

    def _request(self, ask: Ask) -> Request | None:
        return next((request for request in self.requests if request.id == ask.target), None)

    def _approve(self, ask: Ask, now: datetime) -> Answer:
        request = self._request(ask)
        if request is None:
            return refusal(*NOT_FOUND)
        user, cents = self.users[request.owner], ask.get("cents")
        if request.status != "pending":
            return refusal(409, "REQUEST_ALREADY_PROCESSED")
        if cents > user.tier_limit:
            return refusal(400, "LIMIT_EXCEEDS_POLICY")
        if user.has_active_card:
            return refusal(*CARD_EXISTS)
        card = self._approved(user, request, cents, "admin", now)
        self.audits.append((ask.caller, "card_request.approved", request))
        return Answer(200, subject=request, made=(request, card))

    def _reject(self, ask: Ask, now: datetime) -> Answer:
        request = self._request(ask)
        if request is None:
            return refusal(*NOT_FOUND)
        if request.status != "pending":
            return refusal(409, "REQUEST_ALREADY_PROCESSED")
        request.status = "rejected"
        request.events.append("card.rejected")
        self.users[request.owner].rejected_at = now
        self.audits.append((ask.caller, "card_request.rejected", request))
        return Answer(200, subject=request)

    def _suspend(self, ask: Ask, now: datetime) -> Answer:
        return self._move_card(ask, "suspended", {"active"}, "card.suspended")

    def _reactivate(self, ask: Ask, now: datetime) -> Answer:
        return self._move_card(ask, "active", {"suspended"}, "card.reactivated")

    def _cancel(self, ask: Ask, now: datetime) -> Answer:
        return self._move_card(ask, "cancelled", {"active", "suspended"}, "card.cancelled")

    def _move_card(self, ask: Ask, to: str, allowed_from: set[str], event: str) -> Answer:
        user = self.users.get(ask.owner)
        card = next((card for card in (user.cards if user else ()) if card.id == ask.target), None)
        if user is None or card is None:
            return refusal(*NOT_FOUND)
        if card.status not in allowed_from or (to == "cancelled" and card.balance):
            return refusal(*NO_TRANSITION)
        if to == "active" and user.has_active_card:
            return refusal(*CARD_EXISTS)
        card.status = to
        card.events.append(event)
        self.audits.append((ask.caller, event, card))
        return Answer(200, subject=card)

    def _disable(self, ask: Ask, now: datetime) -> Answer:
        return self._move_user(ask, "disabled")

    def _enable(self, ask: Ask, now: datetime) -> Answer:
        return self._move_user(ask, "active")

    def _move_user(self, ask: Ask, to: str) -> Answer:
        user = self.users.get(ask.target)
        if user is None:
            return refusal(*NOT_FOUND)
        if user.status == to:
            return refusal(*NO_TRANSITION)
        user.status = to
        user.events.append("user.disabled" if to == "disabled" else "user.enabled")
        self.audits.append((ask.caller, user.events[-1], user))
        return Answer(200, subject=user)

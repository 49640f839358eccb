"""Cards, card requests and their decisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.audit import AuditAction, TargetType
from accounts.callers import Caller, Identity
from accounts.entities import User, UserKey
from accounts.rules import tier_of
from accounts.services import get_user, require_user
from cards import approval, decisions, rules
from cards.approval import Offer
from cards.entities import (
    Card,
    CardKey,
    CardRequest,
    CardRequestKey,
    CardStatus,
    DecisionSource,
    RequestStatus,
)
from cards.events import card_approved, card_requested, card_status_changed
from financial_api.application import commands
from financial_api.application.commands import Outcome, Submission
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel import clock
from financial_api.kernel.errors import CardAlreadyExists, NotFound
from financial_api.kernel.keys import Key
from infra_backends import persistence, remote_config
from infra_backends.persistence.repositories import Page
from outbox.entities import EntityType, SequenceKey


@dataclass(frozen=True, slots=True)
class RequestResult:
    """A card request and, once approved, its card."""

    request: CardRequest
    card: Card | None


@dataclass(frozen=True, slots=True)
class RequestReview:
    """A card request as an admin sees it: with its user as it is now."""

    request: CardRequest
    user: User
    at: datetime
    card: Card | None = None


def offers(identity: Identity) -> Sequence[Offer]:
    """Return what the caller may ask for. Raises NotFound without a user record."""
    return approval.offers_for(get_user(identity), remote_config.parameters(), clock.now())


def cards_of(ecosystem_id: str) -> Sequence[Card]:
    """Return a user's cards, newest first."""
    return persistence.cards.of_user(ecosystem_id)


def get_card(ecosystem_id: str, card_id: str) -> Card:
    """Return a user's own card; raises NotFound, also for somebody else's."""
    key = CardKey(ecosystem_id, card_id)
    card = persistence.read([key]).get(key)
    if card is None:
        raise NotFound("There is no such card.")
    return card


def get_request(ecosystem_id: str, request_id: str) -> RequestResult:
    """Return a user's own card request; raises NotFound, also for somebody else's."""
    key = CardRequestKey(ecosystem_id, request_id)
    request = persistence.read([key]).get(key)
    if request is None:
        raise NotFound("There is no such card request.")
    card = get_card(ecosystem_id, request.card_id) if request.card_id else None
    return RequestResult(request, card)


def request_card(
    caller: Caller, product_id: str, submission: Submission[RequestResult]
) -> Outcome[RequestResult]:
    """Ask for a card: approved at once, or left pending for an admin.

    Raises NotFound without a user record, CardRequestExists, CardAlreadyExists, and
    ValidationError for an unknown product or in the cool-down.
    """
    parameters = remote_config.parameters()
    key = caller.user_key

    def decide(work: UnitOfWork) -> RequestResult:
        approval.check_product(product_id)
        user = require_user(work, key)
        approval.check_may_request(user, parameters, work.now)
        waiting, request = approval.open_request(user, product_id, work.now)
        work.emit(card_requested(request), first=True)
        if approval.needs_approval(user, parameters):
            work.save(waiting, request)
            return RequestResult(request, None)
        owner, approved, card = approval.approve(
            waiting,
            request,
            rules.tier_limit(tier_of(user.current_score), parameters),
            work.now,
            source=DecisionSource.AUTO,
        )
        work.save(owner, approved, card)
        work.emit(card_approved(approved, card, None))
        return RequestResult(approved, card)

    return commands.run(caller, lambda: [key], decide, submission)


def requests_to_review(
    status: RequestStatus | None, *, oldest_first: bool, after: str | None, limit: int
) -> Page[RequestReview]:
    """Return card requests of all users, each with its user, by the time they were made."""
    page = persistence.card_requests.page(
        status, oldest_first=oldest_first, after=after, limit=limit
    )
    now = clock.now()
    users = persistence.read(list({UserKey(request.ecosystem_id): None for request in page.items}))
    reviews = [
        RequestReview(request, user, now)
        for request in page.items
        if (user := users.get(UserKey(request.ecosystem_id))) is not None
    ]
    return Page(reviews, page.next_position)


def approve_request(
    admin: Caller,
    request_id: str,
    credit_limit: Decimal,
    reason: str | None,
    submission: Submission[RequestReview],
) -> Outcome[RequestReview]:
    """Approve a pending request with a limit in dollars, as an admin.

    Raises ValidationError outside the configured limits, NotFound, RequestAlreadyProcessed,
    LimitExceedsPolicy over the limit of the user's tier now, CardAlreadyExists.
    """
    parameters = remote_config.parameters()

    def decide(work: UnitOfWork, user: User, request: CardRequest) -> RequestReview:
        approval.check_limit_range(credit_limit, parameters)
        approval.check_pending(request)
        approval.check_limit_policy(credit_limit, user, parameters)
        owner, approved, card = decisions.approve(work, user, request, credit_limit, reason)
        return RequestReview(approved, owner, work.now, card)

    return _decide_request(admin, request_id, decide, submission)


def reject_request(
    admin: Caller, request_id: str, reason: str, submission: Submission[RequestReview]
) -> Outcome[RequestReview]:
    """Reject a pending request, as an admin. Raises NotFound, RequestAlreadyProcessed."""

    def decide(work: UnitOfWork, user: User, request: CardRequest) -> RequestReview:
        owner, rejected = decisions.reject(work, user, request, reason)
        return RequestReview(rejected, owner, work.now)

    return _decide_request(admin, request_id, decide, submission)


def _decide_request(
    admin: Caller,
    request_id: str,
    decide: Callable[[UnitOfWork, User, CardRequest], RequestReview],
    submission: Submission[RequestReview],
) -> Outcome[RequestReview]:
    found: list[CardRequestKey] = []

    def reads() -> Sequence[Key[Any]]:
        ecosystem_id = persistence.card_requests.owner_of(request_id)
        if ecosystem_id is None:
            raise NotFound("There is no such card request.")
        found[:] = [CardRequestKey(ecosystem_id, request_id)]
        return decisions.reads(found[0])

    def decide_found(work: UnitOfWork) -> RequestReview:
        return decide(work, *decisions.request_in(work, found[0]))

    return commands.run(admin, reads, decide_found, submission)


_MOVES = {
    CardStatus.SUSPENDED: (rules.suspend, AuditAction.CARD_SUSPENDED),
    CardStatus.ACTIVE: (rules.reactivate, AuditAction.CARD_REACTIVATED),
    CardStatus.CANCELLED: (rules.cancel, AuditAction.CARD_CANCELLED),
}


def set_card_status(
    admin: Caller,
    user_slug: str,
    card_id: str,
    status: CardStatus,
    reason: str,
    submission: Submission[Card],
) -> Outcome[Card]:
    """Suspend, reactivate or cancel a user's card, as an admin.

    Raises NotFound, InvalidStateTransition, and CardAlreadyExists when reactivating beside
    another active card.
    """
    user_key, card_key = UserKey(user_slug), CardKey(user_slug, card_id)
    sequence = SequenceKey(EntityType.CARD, card_id)
    move, action = _MOVES[status]

    def decide(work: UnitOfWork) -> Card:
        user = require_user(work, user_key)
        card = require_card(work, card_key)
        moved = move(card, work.now)
        if status is CardStatus.ACTIVE and user.card_summary.active_cards:
            raise CardAlreadyExists
        work.save(user.with_totals_moved(card.totals, moved.totals, work.now), moved)
        work.emit(card_status_changed(card, moved, reason, admin))
        work.audit(
            action,
            (TargetType.CARD, card_id),
            owner=user_slug,
            reason=reason,
            previous={"status": card.status},
            new={"status": moved.status},
        )
        return moved

    return commands.run(admin, lambda: [user_key, card_key, sequence], decide, submission)


def require_card(work: UnitOfWork, key: CardKey) -> Card:
    """Return the card a command acts on; raises NotFound."""
    card = work.get(key)
    if card is None:
        raise NotFound("There is no such card.")
    return card

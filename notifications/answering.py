"""Messages from WhatsApp: an admin's answer decides a request, and every message is kept.

What a message does and the record of it are one commit, so however often the gateway delivers it,
it acts once; a repetition is told what became of the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.callers import Caller
from accounts.rules import tier_of
from cards import decisions
from cards.entities import SHORT_CODE_LENGTH, CardRequestKey, RequestStatus
from cards.rules import tier_limit
from financial_api.application import commands
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel import clock
from financial_api.kernel.errors import AccountDisabled, CardAlreadyExists, Forbidden, NotFound
from financial_api.kernel.keys import Key
from infra_backends import persistence, remote_config
from notifications import rules
from notifications.admins import Admin
from notifications.entities import (
    ApprovalStatus,
    IgnoredReason,
    InboundAction,
    InboundMessage,
    InboundMessageKey,
    PendingApprovalKey,
)
from notifications.phones import normalised
from notifications.rules import Answer

REJECTION_REASON = "Rejected by an admin on WhatsApp"
AMBIGUOUS = "the code fits several pending requests; answer with the whole id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message as the gateway delivers it. `sender` is WhatsApp's name of who wrote it."""

    session: str
    gateway_id: str
    sender: str
    text: str
    is_from_self: bool
    is_from_group: bool
    traceparent: str | None = None

    @property
    def key(self) -> InboundMessageKey:
        return InboundMessageKey(f"{self.session}#{self.gateway_id}")

    @property
    def sender_phone(self) -> str | None:
        """The sender's number (13 digits), or None for what is no Brazilian mobile."""
        number, _, server = self.sender.partition("@")
        try:
            return normalised(f"+{number}") if server == "c.us" else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message."""

    action: InboundAction
    request_id: str | None = None
    reason: IgnoredReason | None = None
    error: str | None = None


def receive(delivery: Delivery) -> InboundMessage:
    """Do what a message asks for, keep it, and return what became of it.

    Raises VersionConflict or BackendUnavailable when that cannot be said now; nothing is kept
    then, and the message may be delivered again.
    """
    admin = settings.WHATSAPP_ADMINS.get(delivery.sender_phone or "")
    answer = rules.answer_in(delivery.text)
    if delivery.is_from_self:
        return _ignore(delivery, IgnoredReason.FROM_SELF)
    if delivery.is_from_group:
        return _ignore(delivery, IgnoredReason.GROUP_MESSAGE)
    if admin is None:
        return _ignore(delivery, IgnoredReason.NOT_WHITELISTED)
    if answer is None:
        return _ignore(delivery, IgnoredReason.INVALID_COMMAND)
    named = _requests_named(answer.code)
    if len(named) != 1:
        return _ignore(delivery, IgnoredReason.REQUEST_NOT_FOUND, AMBIGUOUS if named else None)
    try:
        return _decide(delivery, admin, answer, named[0])
    except (AccountDisabled, Forbidden, NotFound) as refusal:
        verdict = Verdict(InboundAction.ERROR, named[0].request_id, error=refusal.code.value)
        return _keep(delivery, Caller.system(), lambda _: verdict)


def _requests_named(code: str) -> Sequence[CardRequestKey]:
    """Return the request that a code names; several only if all of them are pending.

    That two have the same code is rare, so only then are they read to see which still wait.
    """
    if len(code) > SHORT_CODE_LENGTH:
        owner = persistence.card_requests.owner_of(code)
        return [] if owner is None else [CardRequestKey(owner, code)]
    named = persistence.card_requests.with_short_code(code)
    if len(named) < 2:
        return named
    found = persistence.read(named)
    requests = [request for key in named if (request := found.get(key)) is not None]
    pending = [one.key for one in requests if one.status is RequestStatus.PENDING]
    return pending or [one.key for one in requests[:1]]


def _ignore(delivery: Delivery, reason: IgnoredReason, error: str | None = None) -> InboundMessage:
    verdict = Verdict(InboundAction.IGNORED, reason=reason, error=error)
    return _keep(delivery, Caller.system(), lambda _: verdict)


def _decide(
    delivery: Delivery, admin: Admin, answer: Answer, key: CardRequestKey
) -> InboundMessage:
    parameters = remote_config.parameters()
    tracker_key = PendingApprovalKey(key.request_id)

    def act(work: UnitOfWork) -> Verdict:
        user, request = decisions.request_in(work, key)
        if request.status is not RequestStatus.PENDING:
            reason = IgnoredReason.ALREADY_PROCESSED
            return Verdict(InboundAction.IGNORED, key.request_id, reason)
        if not answer.approves:
            decisions.reject(work, user, request, REJECTION_REASON)
            _close(work, tracker_key, ApprovalStatus.REJECTED)
            return Verdict(InboundAction.REJECTED, key.request_id)
        limit = tier_limit(tier_of(user.current_score), parameters)
        try:
            decisions.approve(work, user, request, limit)
        except CardAlreadyExists as refusal:
            work.require(user)
            return Verdict(InboundAction.ERROR, key.request_id, error=refusal.code.value)
        _close(work, tracker_key, ApprovalStatus.APPROVED)
        return Verdict(InboundAction.APPROVED, key.request_id)

    reads = [*decisions.reads(key), tracker_key]
    return _keep(delivery, admin.caller(delivery.traceparent), act, reads)


def _close(work: UnitOfWork, key: PendingApprovalKey, status: ApprovalStatus) -> None:
    tracker = work.get(key)
    if tracker is not None:
        work.save(rules.closed(tracker, status, work.now))


def _keep(
    delivery: Delivery,
    caller: Caller,
    act: Callable[[UnitOfWork], Verdict],
    reads: Sequence[Key[Any]] = (),
) -> InboundMessage:
    """Act on a message and keep it, in one commit; return what is kept if it has come before."""
    received_at = clock.now()

    def decide(work: UnitOfWork) -> InboundMessage:
        known = work.get(delivery.key)
        if known is not None:
            return known
        verdict = act(work)
        message = InboundMessage(
            message_id=delivery.key.message_id,
            sender_phone=delivery.sender_phone,
            text=delivery.text,
            action=verdict.action,
            reason=verdict.reason,
            request_id=verdict.request_id,
            error=verdict.error,
            received_at=received_at,
        )
        work.add(message)
        return message

    outcome = commands.run(caller, lambda: [*reads, delivery.key], decide)
    assert outcome.result is not None  # noqa: S101  # nothing is replayed without a key
    return outcome.result

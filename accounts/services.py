"""Registration, the dashboard, an admin's view of a score, and the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts import rules
from accounts.audit import AuditAction, AuditLog, TargetType
from accounts.callers import Caller, Identity
from accounts.entities import ScoreRecord, ScoreSource, User, UserKey, UserStatus
from accounts.events import score_changed, user_created, user_status_changed
from cards.entities import Card
from financial_api.application import commands
from financial_api.application.commands import Outcome, Submission
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel.errors import NotFound, ValidationError
from infra_backends import persistence
from infra_backends.persistence.repositories import Page
from outbox.entities import EntityType, SequenceKey

HISTORY_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Registration:
    created: bool
    user: User


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything a user sees first. `last_updated` is the latest change of anything in it."""

    user: User
    cards: Sequence[Card]

    @property
    def last_updated(self) -> datetime:
        return max([self.user.updated_at, *(card.updated_at for card in self.cards)])


@dataclass(frozen=True, slots=True)
class ScoreOverview:
    """A user's score and its latest changes, newest first."""

    user: User
    history: Sequence[ScoreRecord]


def register(caller: Caller, claimed_email: str | None) -> Registration:
    """Register the caller, or note the login of one who is registered.

    Raises ValidationError when the claimed email is not the token's, or neither has one.
    """
    key = caller.user_key
    sequence = SequenceKey(EntityType.USER, caller.ecosystem_id)

    def decide(work: UnitOfWork) -> Registration:
        existing = work.get(key)
        if existing is not None:
            rules.check_email(caller.identity, claimed_email)
            known = replace(existing, last_login_at=work.now)
            work.save(known)
            return Registration(created=False, user=known)
        user = rules.register(caller.identity, claimed_email, work.now)
        work.save(user)
        work.add(rules.initial_score(user))
        work.emit(user_created(user))
        return Registration(created=True, user=user)

    outcome = commands.run(caller, lambda: [key, sequence], decide)
    assert outcome.result is not None  # noqa: S101  # nothing is replayed without a key
    return outcome.result


def get_user(identity: Identity) -> User:
    """Return the caller's own record.

    Raises NotFound without one; AccountDisabled or Forbidden when it is not in good standing.
    """
    key = UserKey(identity.ecosystem_id)
    user = persistence.read([key]).get(key)
    if user is None:
        raise NotFound("There is no user record; register first.")
    rules.check_standing(user, identity)
    return user


def dashboard(identity: Identity) -> Dashboard:
    """Return the caller's dashboard; raises what `get_user` raises."""
    return Dashboard(get_user(identity), persistence.cards.of_user(identity.ecosystem_id))


def find_user(user_slug: str) -> User:
    """Return a user by its ecosystemId; raises NotFound."""
    key = UserKey(user_slug)
    user = persistence.read([key]).get(key)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def score_overview(user_slug: str) -> ScoreOverview:
    """Return a user's score with its last ten changes; raises NotFound."""
    return ScoreOverview(
        find_user(user_slug), persistence.users.score_history(user_slug, HISTORY_LENGTH)
    )


def adjust_score(
    admin: Caller, user_slug: str, score: int, reason: str, submission: Submission[ScoreOverview]
) -> Outcome[ScoreOverview]:
    """Set a user's score, as an admin. Raises NotFound."""
    key = UserKey(user_slug)
    sequence = SequenceKey(EntityType.SCORE, user_slug)

    def decide(work: UnitOfWork) -> ScoreOverview:
        user = require_user(work, key)
        changed, record = rules.change_score(
            user,
            score,
            work.now,
            reason=reason,
            source=ScoreSource.ADMIN,
            source_id=admin.ecosystem_id,
        )
        work.save(changed)
        work.add(record)
        work.emit(score_changed(record))
        work.audit(
            AuditAction.SCORE_ADJUSTED,
            (TargetType.USER, user_slug),
            owner=user_slug,
            reason=reason,
            previous={"score": user.current_score},
            new={"score": changed.current_score},
        )
        earlier = persistence.users.score_history(user_slug, HISTORY_LENGTH - 1)
        return ScoreOverview(changed, [record, *earlier])

    return commands.run(admin, lambda: [key, sequence], decide, submission)


def set_status(
    admin: Caller, user_slug: str, status: UserStatus, reason: str, submission: Submission[User]
) -> Outcome[User]:
    """Disable or enable a user, as an admin. Raises NotFound, InvalidStateTransition."""
    key = UserKey(user_slug)
    sequence = SequenceKey(EntityType.USER, user_slug)
    disabling = status is UserStatus.DISABLED

    def decide(work: UnitOfWork) -> User:
        user = require_user(work, key)
        changed = (rules.disable if disabling else rules.enable)(user, work.now)
        work.save(changed)
        work.emit(user_status_changed(changed, reason, admin))
        work.audit(
            AuditAction.USER_DISABLED if disabling else AuditAction.USER_ENABLED,
            (TargetType.USER, user_slug),
            owner=user_slug,
            reason=reason,
            previous={"status": user.status},
            new={"status": changed.status},
        )
        return changed

    return commands.run(admin, lambda: [key, sequence], decide, submission)


def require_user(work: UnitOfWork, key: UserKey) -> User:
    """Return the user a command acts on; raises NotFound."""
    user = work.get(key)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def audit_logs(
    target: tuple[TargetType, str] | None, actor: str | None, after: str | None, limit: int
) -> Page[AuditLog]:
    """Return what was done to a target or by an admin, newest first.

    Raises ValidationError unless exactly one of the two is given.
    """
    if (target is None) == (actor is None):
        raise ValidationError("Give either targetType and targetId, or actor.")
    if target is not None:
        return persistence.audit_logs.page_of_target(*target, after=after, limit=limit)
    return persistence.audit_logs.page_of_actor(actor or "", after=after, limit=limit)

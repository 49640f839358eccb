"""Score, tier and standing of a user, as pure functions."""

from dataclasses import replace
from datetime import datetime

from accounts.callers import Identity
from accounts.entities import Role, ScoreRecord, ScoreSource, Tier, User, UserStatus
from financial_api.kernel import ids
from financial_api.kernel.errors import (
    AccountDisabled,
    Forbidden,
    InvalidStateTransition,
    ValidationError,
)

LOWEST_SCORE = 0
HIGHEST_SCORE = 1000
INITIAL_SCORE = 500
HIGH_TIER_FROM = 700
MEDIUM_TIER_FROM = 500

INITIAL_REASON = "initial_score"


def tier_of(score: int) -> Tier:
    """Return the tier of a score: high from 700, medium from 500, else low."""
    if score >= HIGH_TIER_FROM:
        return Tier.HIGH
    return Tier.MEDIUM if score >= MEDIUM_TIER_FROM else Tier.LOW


def clamp(score: int) -> int:
    """Return the nearest score that exists: 0 to 1000."""
    return max(LOWEST_SCORE, min(HIGHEST_SCORE, score))


def register(identity: Identity, claimed_email: str | None, now: datetime) -> User:
    """Return a new user with the initial score.

    Raises ValidationError when the claimed email is not the token's, or neither has one.
    """
    check_email(identity, claimed_email)
    email = identity.email or claimed_email
    if not email:
        raise ValidationError.of_field("email", "required, since the token has none")
    return User(
        ecosystem_id=identity.ecosystem_id,
        subject=identity.subject,
        email=email,
        role=identity.role,
        status=UserStatus.ACTIVE,
        current_score=INITIAL_SCORE,
        created_at=now,
        updated_at=now,
        last_login_at=now,
    )


def check_email(identity: Identity, claimed_email: str | None) -> None:
    """Raise ValidationError when the claimed email is not the token's, whatever its case."""
    if claimed_email and identity.email and claimed_email.casefold() != identity.email.casefold():
        raise ValidationError.of_field("email", "differs from the token's")


def initial_score(user: User) -> ScoreRecord:
    """Return the first record of a user's score."""
    return ScoreRecord(
        score_id=ids.new_id(user.created_at),
        ecosystem_id=user.ecosystem_id,
        value=INITIAL_SCORE,
        previous_value=0,
        delta=INITIAL_SCORE,
        reason=INITIAL_REASON,
        source=ScoreSource.SYSTEM,
        timestamp=user.created_at,
    )


def change_score(
    user: User,
    value: int,
    now: datetime,
    *,
    reason: str,
    source: ScoreSource,
    source_id: str | None = None,
    related_to: tuple[str, str] | None = None,
) -> tuple[User, ScoreRecord]:
    """Return the user with the score moved to `value`, clamped, and the record of it.

    The record's delta is what was really applied. `related_to` is an entity's type and id.
    """
    changed = replace(user, current_score=clamp(value), updated_at=now)
    record = ScoreRecord(
        score_id=ids.new_id(now),
        ecosystem_id=user.ecosystem_id,
        value=changed.current_score,
        previous_value=user.current_score,
        delta=changed.current_score - user.current_score,
        reason=reason,
        source=source,
        source_id=source_id,
        related_entity_type=related_to[0] if related_to else None,
        related_entity_id=related_to[1] if related_to else None,
        timestamp=now,
    )
    return changed, record


def disable(user: User, now: datetime) -> User:
    """Return the user disabled; raises InvalidStateTransition unless it is active."""
    return _move(user, UserStatus.ACTIVE, UserStatus.DISABLED, now)


def enable(user: User, now: datetime) -> User:
    """Return the user active again; raises InvalidStateTransition unless it is disabled."""
    return _move(user, UserStatus.DISABLED, UserStatus.ACTIVE, now)


def _move(user: User, before: UserStatus, after: UserStatus, now: datetime) -> User:
    if user.status is not before:
        raise InvalidStateTransition(f"The user is already {user.status}.")
    return replace(user, status=after, updated_at=now)


def check_enabled(user: User) -> None:
    """Raise AccountDisabled for a disabled user."""
    if user.status is UserStatus.DISABLED:
        raise AccountDisabled


def check_may_act(user: User) -> None:
    """Raise Forbidden for a user in a state that only another version knows."""
    if user.status not in set(UserStatus):
        raise Forbidden(f"A user who is {user.status} may only look.")


def check_standing(user: User, identity: Identity) -> None:
    """Raise AccountDisabled for a disabled user, Forbidden for somebody else's token."""
    check_enabled(user)
    if user.subject != identity.subject:
        raise Forbidden("The token's subject is not the one this user registered with.")


def is_admin(identity: Identity) -> bool:
    return identity.role is Role.ADMIN

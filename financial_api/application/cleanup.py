"""Cleanup: everything but the audit log goes, in batches, under one flag.

The flag is set first, and everyone who may still be writing is waited out: whoever has read that
there is no cleanup believes it for at most `FLAG_FRESH_SECONDS`, and then has a request's time to
finish. A run that dies leaves the flag set and a heartbeat that grows old; the next run takes
over and finishes. Users go first, since every command rests on its user.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing

from accounts.audit import AuditAction, TargetType
from accounts.callers import Caller
from financial_api.application import commands
from financial_api.application.events import cleaned_up, describe_counts
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel import clock, deadline
from financial_api.kernel.cache import Cache
from financial_api.kernel.cleanup import CLEANUP_ENTITY_ID, CleanupKey, CleanupState, DeletedCounts
from financial_api.kernel.clock import from_iso, iso
from financial_api.kernel.errors import CleanupInProgress, Forbidden, ValidationError
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.persistence.commit import Commit
from outbox.entities import EntityType, SequenceKey

TOKEN_VALID_FOR = timedelta(minutes=5)
HEARTBEAT_EVERY_SECONDS = 5.0
TAKEOVER_AFTER = timedelta(seconds=30)
FLAG_FRESH_SECONDS = 1.0
BATCH = 500
MOST_BATCHES = 1_000_000
MOST_SECONDS = 3600.0

REASON = "Cleanup confirmed by token"
_SALT = "cleanup-confirmation"

_flag: Cache[CleanupKey, bool] = Cache(
    "whether a cleanup runs",
    BackendUnavailable,
    fresh_seconds=FLAG_FRESH_SECONDS,
    usable_seconds=FLAG_FRESH_SECONDS,
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What an admin must send back to start a cleanup, and until when."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """What this run deleted, and how long it took in seconds."""

    counts: DeletedCounts
    seconds: float


def is_running() -> bool:
    """Return True while a cleanup runs; the answer may be a second old."""
    return _flag.get(CleanupKey(), lambda: _state().running)


def request_confirmation(admin: Caller) -> Confirmation:
    """Return a token that lets this admin start one cleanup. Raises Forbidden."""
    check_allowed()
    now = clock.now()
    token = signing.dumps([admin.ecosystem_id, iso(now)], salt=_SALT)
    return Confirmation(token, now + TOKEN_VALID_FOR)


def run(admin: Caller, token: str) -> CleanupResult:
    """Delete everything, to the end, and return what was deleted.

    Raises Forbidden, ValidationError for a token that is not this admin's, is too old or was
    used, CleanupInProgress, BackendUnavailable.
    """
    check_allowed()
    issued_at = _issued_at(admin, token)
    with deadline.within(MOST_SECONDS):
        started = clock.monotonic()
        state = _begin(admin, issued_at)
        clock.sleep(FLAG_FRESH_SECONDS + deadline.REQUEST_SECONDS)
        state, counts = _purge(state)
        _finish(admin, state, counts)
        return CleanupResult(counts, clock.monotonic() - started)


def check_allowed() -> None:
    """Raise Forbidden where a setting does not allow cleanups."""
    if not settings.ALLOW_CLEANUP:
        raise Forbidden("Cleanup is not switched on here.")


def _issued_at(admin: Caller, token: str) -> datetime:
    bad = ValidationError.of_field("confirmationToken", "is not valid for this admin")
    try:
        admin_id, issued = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise bad from None
    issued_at = from_iso(issued)
    if admin_id != admin.ecosystem_id:
        raise bad
    if clock.now() >= issued_at + TOKEN_VALID_FOR:
        raise ValidationError.of_field("confirmationToken", "has expired")
    return issued_at


def _state() -> CleanupState:
    return persistence.read([CleanupKey()]).get(CleanupKey()) or CleanupState()


def _begin(admin: Caller, issued_at: datetime) -> CleanupState:
    """Set the flag and return the state as it is then stored.

    A token is used up by storing when it was issued: none as old or older starts another run.
    """

    def decide(work: UnitOfWork) -> CleanupState:
        state = work.get(CleanupKey()) or CleanupState()
        now = clock.now()
        if state.running and state.heartbeat_at and now < state.heartbeat_at + TAKEOVER_AFTER:
            raise CleanupInProgress
        if state.last_token_issued_at and issued_at <= state.last_token_issued_at:
            raise ValidationError.of_field("confirmationToken", "was used already")
        begun = replace(state, running=True, heartbeat_at=now, last_token_issued_at=issued_at)
        work.save(begun)
        return begun

    outcome = commands.run(admin, lambda: [CleanupKey()], decide)
    assert outcome.result is not None  # noqa: S101  # nothing is replayed without a key
    _flag.put(CleanupKey(), True)
    return replace(outcome.result, version=outcome.result.version + 1)


def _purge(state: CleanupState) -> tuple[CleanupState, DeletedCounts]:
    """Delete batch by batch until nothing is left, giving a sign of life now and then."""
    counts = DeletedCounts()
    beaten_at = clock.monotonic()
    for _ in range(MOST_BATCHES):
        try:
            deleted = persistence.purge(BATCH, state)
        except ConcurrencyError:
            raise CleanupInProgress from None
        if not deleted:
            break
        counts += deleted
        if clock.monotonic() - beaten_at >= HEARTBEAT_EVERY_SECONDS:
            state, beaten_at = _beat(state), clock.monotonic()
    return _beat(state), counts


def _beat(state: CleanupState) -> CleanupState:
    """Store a new heartbeat; raise CleanupInProgress when another run has taken over."""
    now = clock.now()
    alive = replace(state, heartbeat_at=now)
    try:
        persistence.commit(Commit(now=now, saves=[alive]))
    except ConcurrencyError:
        raise CleanupInProgress from None
    return replace(alive, version=alive.version + 1)


def _finish(admin: Caller, state: CleanupState, counts: DeletedCounts) -> None:
    """Tell the world, leave the audit record and lower the flag, in one commit."""
    sequence = SequenceKey(EntityType.SYSTEM, CLEANUP_ENTITY_ID)

    def decide(work: UnitOfWork) -> None:
        current = work.get(CleanupKey())
        if current is None or current.version != state.version:
            raise CleanupInProgress
        work.save(replace(current, running=False))
        work.emit(cleaned_up(counts, admin, work.now))
        work.audit(
            AuditAction.SYSTEM_CLEANUP,
            (TargetType.SYSTEM, CLEANUP_ENTITY_ID),
            reason=REASON,
            new={"deletedCounts": describe_counts(counts)},
        )

    commands.run(admin, lambda: [CleanupKey(), sequence], decide)
    _flag.put(CleanupKey(), False)

"""How a command is run: read, decide, commit once; again when something moved in between.

This is the one place that replays an answered key, and makes sure that nobody is refused for what
its own twin did.
"""

import contextlib
import logging
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from accounts.callers import Caller
from accounts.entities import UserKey
from accounts.rules import check_enabled, check_may_act, check_standing
from financial_api.application.unit_of_work import RecordedRefusal, UnitOfWork
from financial_api.kernel import clock, deadline, metrics
from financial_api.kernel.errors import ApiError, RequestAlreadyProcessed, VersionConflict
from financial_api.kernel.fair_lock import FairLock
from financial_api.kernel.idempotency import KEPT_FOR, IdempotencyKey, IdempotencyRecord
from financial_api.kernel.keys import Key
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable, ConcurrencyError
from infra_backends.failures import HANDLING, Again, Failure
from infra_backends.retries import SPARE_SECONDS, retried
from outbox import wakeup

logger = logging.getLogger(__name__)

R = TypeVar("R")

SILENCE_SECONDS = 2.0
"""How long the store is believed to be there: longer than the pause of one whose turn it is."""

_queues = [FairLock() for _ in range(1024)]
"""Where this process's threads wait for their turn with something; two things may share one."""
_has_turn: ContextVar[bool] = ContextVar("has_turn", default=False)


class _Pulse:
    """When the store has last answered a command of this process."""

    def __init__(self) -> None:
        self._felt_at = -math.inf

    def feel(self) -> None:
        self._felt_at = clock.monotonic()

    @property
    def is_gone(self) -> bool:
        return clock.monotonic() - self._felt_at > SILENCE_SECONDS


_pulse = _Pulse()


@dataclass(frozen=True, slots=True)
class Submission(Generic[R]):
    """A request under an idempotency key.

    `render` turns the command's result into the answer's bytes before the commit, so that both
    are stored together and services need not know what answers look like.
    """

    key: IdempotencyKey
    fingerprint: str
    render: Callable[[R], bytes]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What came of a command: its result, or the stored bytes of an earlier answer."""

    result: R | None
    body: bytes = b""
    replayed: bool = False


def run(
    caller: Caller,
    reads: Callable[[], Sequence[Key[Any]]],
    decide: Callable[[UnitOfWork], R],
    submission: Submission[R] | None = None,
) -> Outcome[R]:
    """Run a command to its one commit and return its outcome.

    `reads` names what the command needs, first of all what others may want to change too; `decide`
    collects its writes in a unit of work and returns its result. Both run again on every attempt.
    What may be otherwise when the request is sent again, such as a limit from the configuration,
    is judged in them and not before: a replay is answered although it would be refused by now.

    Raises what they raise; VersionConflict when others kept changing the same things for as long
    as the request had time; BackendUnavailable.
    """

    def attempt() -> Outcome[R]:
        try:
            return _Attempt(caller, submission, turn).run(reads, decide)
        except ConcurrencyError as conflict:
            metrics.count_conflict()
            logger.debug("an attempt lost: %s", conflict)
            raise

    with contextlib.ExitStack() as stack:
        turn = _Turn(stack)
        try:
            return retried(attempt, Again.ANEW)
        except ConcurrencyError as conflict:
            if HANDLING[conflict.failure].told is VersionConflict:
                raise VersionConflict from conflict
            raise BackendUnavailable(str(conflict), conflict.failure) from conflict
        except TimeoutError as late:
            raise VersionConflict from late


class _Turn:
    """A command's turn among this process's threads that want the same thing.

    One of them tries at a time, so that they do not lose to each other; other processes are met
    with jitter. It decides nothing: what keeps a commit right is its conditions. It is kept until
    the command is over, and a command that is run within another's turn needs none of its own.
    """

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def take(self, wanted: Key[Any]) -> None:
        """Return when this command may try.

        Raises TimeoutError if that is so late that its read or its commit would not begin any
        more; BackendUnavailable if those before it wait for a store that has fallen silent.
        """
        if _has_turn.get():
            return
        queue = _queues[hash(wanted) % len(_queues)]
        try:
            self._stack.enter_context(queue.held(deadline.remaining() - SPARE_SECONDS))
        except TimeoutError:
            if _pulse.is_gone:
                raise BackendUnavailable("the store has answered nobody lately") from None
            raise
        self._stack.callback(_has_turn.reset, _has_turn.set(True))


class _Attempt(Generic[R]):
    def __init__(self, caller: Caller, submission: Submission[R] | None, turn: _Turn) -> None:
        self._caller = caller
        self._turn = turn
        self._submission = submission
        self._actor_key = None if caller.is_system else UserKey(caller.ecosystem_id)
        self._started_at = clock.now()

    def run(
        self, reads: Callable[[], Sequence[Key[Any]]], decide: Callable[[UnitOfWork], R]
    ) -> Outcome[R]:
        try:
            keys = reads()
        except ApiError as refusal:
            return self._refuse(refusal)
        self._turn.take(keys[0])
        work = self._read(keys)
        self._check_actor(work)
        replay = self._answer(work.get(self._submission.key)) if self._submission else None
        if replay is not None:
            return replay
        try:
            result = decide(work)
        except RecordedRefusal as refusal:
            self._commit_refusal(work)
            raise refusal.error from None
        except ApiError as refusal:
            return self._refuse(refusal)
        return self._commit(work, result)

    def _read(self, keys: Sequence[Key[Any]]) -> UnitOfWork:
        wanted: dict[Key[Any], None] = dict.fromkeys(keys)
        if self._actor_key is not None:
            wanted[self._actor_key] = None
        if self._submission is not None:
            wanted[self._submission.key] = None
        reading = persistence.read(list(wanted))
        _pulse.feel()
        return UnitOfWork(self._caller, reading, persistence.outbox.shards)

    def _check_actor(self, work: UnitOfWork) -> None:
        """Raise unless the caller is in good standing, and have the commit rest on that."""
        actor = work.get(self._actor_key) if self._actor_key is not None else None
        if actor is None:
            return
        if self._caller.has_token:
            check_standing(actor, self._caller.identity)
        else:
            check_enabled(actor)
        check_may_act(actor)
        work.require(actor)

    def _refuse(self, refusal: ApiError) -> Outcome[R]:
        """Raise the refusal, unless the key was answered meanwhile.

        It is read again after the state that the refusal was decided from: a request that lost to
        its own twin would else be refused for what the twin did.
        """
        if self._submission is not None:
            work = self._read([])
            self._check_actor(work)
            replay = self._answer(work.get(self._submission.key))
            if replay is not None:
                return replay
        raise refusal

    def _answer(self, record: IdempotencyRecord | None) -> Outcome[R] | None:
        """Return the stored answer; raise RequestAlreadyProcessed if it is another request's."""
        if record is None or not record.is_live(self._started_at):
            return None
        if self._submission is None or record.fingerprint != self._submission.fingerprint:
            raise RequestAlreadyProcessed("This Idempotency-Key was used for another request.")
        return Outcome(None, record.body, replayed=True)

    def _commit(self, work: UnitOfWork, result: R) -> Outcome[R]:
        body = b""
        record = None
        if self._submission is not None:
            body = self._submission.render(result)
            record = self._record(self._submission, body, self._started_at)
        try:
            persistence.commit(work.to_commit(self._started_at, record))
            outcome: Outcome[R] = Outcome(result, body)
        except BackendUnavailable as error:
            outcome = self._look(error)
        if shards := work.event_shards:
            wakeup.nudge(shards)
        return outcome

    def _look(self, error: BackendUnavailable) -> Outcome[R]:
        """Return the answer that a commit of unknown outcome has stored; else raise its error."""
        if error.failure is not Failure.UNKNOWN or self._submission is None:
            raise error
        answer = self._answer(self._read([]).get(self._submission.key))
        if answer is None:
            raise error
        return answer

    def _commit_refusal(self, work: UnitOfWork) -> None:
        unless = self._submission.key if self._submission is not None else None
        persistence.commit(work.to_commit(self._started_at, None, unless))

    @staticmethod
    def _record(submission: Submission[R], body: bytes, at: datetime) -> IdempotencyRecord:
        return IdempotencyRecord(
            ecosystem_id=submission.key.ecosystem_id,
            key_hash=submission.key.key_hash,
            fingerprint=submission.fingerprint,
            body=body,
            created_at=at,
            expires_at=at + KEPT_FOR,
        )

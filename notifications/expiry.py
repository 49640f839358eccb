"""Requests that no admin decided in time are rejected by the system."""

import logging

from accounts.callers import Caller
from accounts.entities import UserKey
from cards import decisions
from cards.entities import CardRequestKey, RequestStatus
from financial_api.application import commands
from financial_api.application.unit_of_work import UnitOfWork
from financial_api.kernel import clock
from financial_api.kernel.errors import VersionConflict
from infra_backends import persistence
from notifications import rules
from notifications.entities import ApprovalStatus, PendingApproval

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
BATCH = 50
"""How many one run looks at; what is left then is for the next."""

REASON = "No admin decided in time"


def expire_due() -> int:
    """Reject the requests whose trackers are past their time; return how many trackers closed.

    A tracker of a request that was decided otherwise, or that is gone, is closed as well, and
    changes nothing else.
    """
    closed = 0
    for tracker in persistence.pending_approvals.expired(clock.now(), BATCH):
        try:
            closed += _expire(tracker)
        except VersionConflict:
            logger.warning("request %s keeps changing; it expires next time", tracker.request_id)
    return closed


def _expire(found: PendingApproval) -> bool:
    key = CardRequestKey(found.ecosystem_id, found.request_id)
    user_key = UserKey(found.ecosystem_id)

    def decide(work: UnitOfWork) -> bool:
        tracker = work.get(found.key)
        if tracker is None or not rules.is_expired(tracker, work.now):
            return False
        user, request = work.get(user_key), work.get(key)
        status = ApprovalStatus.EXPIRED
        if request is not None and request.status is not RequestStatus.PENDING:
            status = rules.status_after(request)
        elif request is not None and user is not None:
            decisions.reject(work, user, request, REASON)
        work.save(rules.closed(tracker, status, work.now))
        return True

    reads = [*decisions.reads(key), found.key]
    return bool(commands.run(Caller.system(), lambda: reads, decide).result)

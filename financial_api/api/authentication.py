"""Who is calling: from the Authorization header to a caller in good standing."""

import re

from django.http import HttpRequest

from accounts import development_tokens
from accounts.callers import Caller, Identity, Origin
from accounts.entities import User, UserKey
from accounts.rules import check_standing
from financial_api.api import throttling
from financial_api.api.context import EdgeContext, context_of, is_from_this_machine
from financial_api.kernel import deadline, log_context
from financial_api.kernel.cache import Cache
from financial_api.kernel.errors import AccountDisabled, InvalidToken, Unauthenticated
from financial_api.kernel.log_lines import redacted
from infra_backends import identity, persistence
from infra_backends.exceptions import BackendFailure, BackendUnavailable

_BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,8192})", re.IGNORECASE)
_LONGEST_USER_AGENT = 256

STATUS_USABLE_SECONDS = 300.0
"""How long an account's status serves while its source is away."""

PATIENCE_SECONDS = 2.0
"""How long an older status waits for a newer one, which its source may be slow to give."""

_records: Cache[str, User | None] = Cache(
    "our records of accounts",
    BackendUnavailable,
    fresh_seconds=5.0,
    usable_seconds=STATUS_USABLE_SECONDS,
    patience=PATIENCE_SECONDS,
    ahead_seconds=1.0,
    leave_thread=lambda: persistence.leave_thread(),
)
_provider_flags: Cache[str, bool] = Cache(
    "the provider's flags of accounts",
    BackendUnavailable,
    fresh_seconds=30.0,
    usable_seconds=STATUS_USABLE_SECONDS,
    patience=PATIENCE_SECONDS,
    ahead_seconds=5.0,
)


def authenticate(request: HttpRequest) -> Caller:
    """Return the caller of a request and count the request for it.

    Raises InvalidToken or TokenExpired, RateLimitExceeded, AccountDisabled, Forbidden when the
    token is not the registered subject's, BackendUnavailable when that cannot be found out.
    """
    context = context_of(request)
    counting = throttling.throttle()
    try:
        known = identity.verify(_token(request))
    except Unauthenticated:
        count_failure(request)
        raise
    log_context.note(userId=redacted(known.ecosystem_id))
    if counting is not None:
        context.rate = counting.count_request(known.ecosystem_id)
        throttling.check(context.rate)
    _check_account(known)
    return Caller(known, _origin(request, context))


def user_of(request: HttpRequest) -> str | None:
    """Return the ecosystemId that a request's token proves, or None; nothing is counted."""
    try:
        with deadline.within(deadline.REQUEST_SECONDS):
            return identity.verify(_token(request)).ecosystem_id
    except (Unauthenticated, BackendFailure):
        return None


def count_failure(request: HttpRequest) -> None:
    """Count a failed authentication of the request's address.

    Raises RateLimitExceeded if that was one too many.
    """
    context = context_of(request)
    counting = throttling.throttle()
    if counting is not None:
        context.rate = counting.count_failure(context.address)
        throttling.check(context.rate)


def note_changed(ecosystem_id: str) -> None:
    """Forget what is cached of a user whose standing was just changed here."""
    _records.forget(ecosystem_id)


def _token(request: HttpRequest) -> str:
    """Return what may be verified: no development token from elsewhere, whoever would take it."""
    match = _BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", "").strip())
    if match is None:
        raise InvalidToken
    if match[1].startswith(development_tokens.PREFIX) and not is_from_this_machine(request):
        raise InvalidToken
    return match[1]


def _check_account(known: Identity) -> None:
    """Raise unless both the provider's flag and our own record let the account in."""
    if not _provider_flags.get(known.subject, lambda: identity.is_enabled(known)):
        raise AccountDisabled
    key = UserKey(known.ecosystem_id)
    user = _records.get(key.ecosystem_id, lambda: persistence.read([key]).get(key))
    if user is not None:
        check_standing(user, known)


def _origin(request: HttpRequest, context: EdgeContext) -> Origin:
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    printable = "".join(filter(str.isprintable, user_agent))[:_LONGEST_USER_AGENT]
    return Origin(
        request_id=context.request_id,
        traceparent=context.traceparent,
        ip_address=context.address or None,
        user_agent=printable or None,
    )

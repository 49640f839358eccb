"""What an error of AWS's, or of botocore's on the way there, means.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import re

from botocore import exceptions as botocore
from botocore.exceptions import BotoCoreError, ClientError

from infra_backends.failures import Failure

NOT_SENT = (
    botocore.ConnectTimeoutError,
    botocore.EndpointConnectionError,
    botocore.ProxyConnectionError,
)

MISSING_INDEX = re.compile(r"does not have the specified index|backfilling", re.IGNORECASE)
"""What is said of a query that is right, on a table that was not provisioned to the end."""

HTTP_SERVER_ERROR = 500
LONGEST_SAID = 200

_CODES = {
    "IdempotentParameterMismatchException": Failure.OURS,
    "SerializationException": Failure.OURS,
    "ValidationException": Failure.OURS,
    "TransactionConflictException": Failure.CONFLICT,
    "TransactionInProgressException": Failure.UNKNOWN,
    "InternalError": Failure.UNKNOWN,
    "InternalException": Failure.UNKNOWN,
    "InternalFailure": Failure.UNKNOWN,
    "InternalServerError": Failure.UNKNOWN,
    "LimitExceededException": Failure.THROTTLED,
    "ProvisionedThroughputExceededException": Failure.THROTTLED,
    "RequestLimitExceeded": Failure.THROTTLED,
    "RequestThrottled": Failure.THROTTLED,
    "SlowDown": Failure.THROTTLED,
    "Throttling": Failure.THROTTLED,
    "ThrottlingException": Failure.THROTTLED,
    "TooManyRequestsException": Failure.THROTTLED,
}
_REASONS = {
    "ConditionalCheckFailed": Failure.MOVED,
    "TransactionConflict": Failure.CONFLICT,
    "ProvisionedThroughputExceeded": Failure.THROTTLED,
    "ThrottlingError": Failure.THROTTLED,
    "ItemCollectionSizeLimitExceeded": Failure.REFUSED,
    "AccessDenied": Failure.REFUSED,
    "ValidationError": Failure.OURS,
}


def failure_of(error: BotoCoreError | ClientError) -> Failure:
    """Return which failure it is; NoAnswer, as whatever else is not told, leaves it unknown."""
    if isinstance(error, ClientError):
        return _failure_of_answer(error)
    return Failure.AWAY if isinstance(error, NOT_SENT) else Failure.UNKNOWN


def is_answered(error: BotoCoreError | ClientError) -> bool:
    """Return True for what the service itself has said, and is no failure of its own."""
    return isinstance(error, ClientError) and not _is_broken(error)


def failure_of_code(code: str) -> Failure | None:
    """Return what a code of an entry's means, which may have no meaning of its own."""
    return _CODES.get(code)


def said_in(error: BotoCoreError | ClientError) -> tuple[str, str]:
    """Return an error's name, and what a service says with it, or a transaction's reasons."""
    if not isinstance(error, ClientError):
        return type(error).__name__, str(error)[:LONGEST_SAID]
    told = error.response.get("Error", {})
    words = sorted(set(filter(None, reasons_of(error)))) or (told.get("Message") or "").split()
    return told.get("Code", ""), " ".join(words)[:LONGEST_SAID]


def reasons_of(error: ClientError) -> list[str | None]:
    """Return why each item of a transaction was in the way, or None."""
    codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
    return [None if code in {"None", "NONE"} else code for code in codes]


def _failure_of_answer(error: ClientError) -> Failure:
    code, said = said_in(error)
    if code == "TransactionCanceledException":
        return _failure_of_transaction(reasons_of(error))
    if MISSING_INDEX.search(said):
        return Failure.REFUSED
    if code in _CODES:
        return _CODES[code]
    return Failure.UNKNOWN if _is_broken(error) else Failure.REFUSED


def _failure_of_transaction(reasons: list[str | None]) -> Failure:
    told = {_REASONS.get(reason, Failure.CANCELLED) for reason in reasons if reason}
    return next((failure for failure in Failure if failure in told), Failure.CANCELLED)


def _is_broken(error: ClientError) -> bool:
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= HTTP_SERVER_ERROR

"""What a database's error means: each database's codes, and which failure each is."""

import re

from django.db import Error, InterfaceError, OperationalError

from infra_backends.failures import Failure

INSUFFICIENT_PRIVILEGE = "42501"

_SQLITE_ERROR = 1
_NO_SUCH = re.compile(r"no such (table|column)|table \w+ has no column")
_SQLITE_CONSTRAINTS = {
    787: Failure.MOVED,  # SQLITE_CONSTRAINT_FOREIGNKEY
    1555: Failure.MOVED,  # SQLITE_CONSTRAINT_PRIMARYKEY
    2067: Failure.MOVED,  # SQLITE_CONSTRAINT_UNIQUE
}
_SQLITE_BUSY = {
    5,  # SQLITE_BUSY
    6,  # SQLITE_LOCKED
    15,  # SQLITE_PROTOCOL: too much contention on the log's start
}
_SQLITE_PRIMARY = {
    11: Failure.AWAY,  # SQLITE_CORRUPT
    19: Failure.OURS,  # SQLITE_CONSTRAINT, any other
    26: Failure.AWAY,  # SQLITE_NOTADB
}
_SQLSTATES = {
    "23503": Failure.MOVED,  # foreign_key_violation
    "23505": Failure.MOVED,  # unique_violation
    "40001": Failure.MOVED,  # serialization_failure
    "40P01": Failure.MOVED,  # deadlock_detected
    "55P03": Failure.THROTTLED,  # lock_not_available
    "57014": Failure.THROTTLED,  # query_canceled
    "25006": Failure.AWAY,  # read_only_sql_transaction: a replica, since a failover
    "25P03": Failure.AWAY,  # idle_in_transaction_session_timeout
    "08007": Failure.UNKNOWN,  # transaction_resolution_unknown
    "40003": Failure.UNKNOWN,  # statement_completion_unknown
    INSUFFICIENT_PRIVILEGE: Failure.REFUSED,
    "42703": Failure.REFUSED,  # undefined_column: the service is ahead of its migrations
    "42P01": Failure.REFUSED,  # undefined_table
}


def failure_of(error: Error, *, waited: bool) -> Failure:
    """Return which failure an error of Django's database layer is.

    SQLite's lock being taken is no room if it was `waited` for, else another was first.
    """
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        known = _SQLSTATES.get(getattr(cause, "sqlstate", None) or "")
    elif code & 0xFF in _SQLITE_BUSY:
        known = Failure.THROTTLED if waited else Failure.MOVED
    elif code == _SQLITE_ERROR and _NO_SUCH.match(str(cause)):
        known = Failure.REFUSED
    else:
        known = _SQLITE_CONSTRAINTS.get(code) or _SQLITE_PRIMARY.get(code & 0xFF)
    if known is not None:
        return known
    return Failure.AWAY if isinstance(error, OperationalError | InterfaceError) else Failure.OURS

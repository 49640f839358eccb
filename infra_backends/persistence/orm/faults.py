"""What a database's error means: one table for each database's codes."""

import re
from enum import Enum, auto

from django.db import Error, InterfaceError, OperationalError


class Fault(Enum):
    CONFLICT = auto()
    """Another transaction was there first."""
    TIMEOUT = auto()
    """A lock or a statement took longer than it was given."""
    BUSY = auto()
    """SQLite's lock was taken: a timeout if it was waited for, else a conflict."""
    LOST = auto()
    """The database cannot be reached, or the connection is of no more use."""
    UNMIGRATED = auto()
    """A table or a column is not there: the service is ahead of its migrations."""
    BUG = auto()
    """Ours, such as a CHECK that does not hold."""


_SQLITE_ERROR = 1
_NO_SUCH = re.compile(r"no such (table|column)|table \w+ has no column")
_SQLITE_CONSTRAINTS = {
    787: Fault.CONFLICT,  # SQLITE_CONSTRAINT_FOREIGNKEY
    1555: Fault.CONFLICT,  # SQLITE_CONSTRAINT_PRIMARYKEY
    2067: Fault.CONFLICT,  # SQLITE_CONSTRAINT_UNIQUE
}
_SQLITE_PRIMARY = {
    5: Fault.BUSY,  # SQLITE_BUSY
    6: Fault.BUSY,  # SQLITE_LOCKED
    15: Fault.BUSY,  # SQLITE_PROTOCOL: too much contention on the log's start
    11: Fault.LOST,  # SQLITE_CORRUPT
    19: Fault.BUG,  # SQLITE_CONSTRAINT, any other
    26: Fault.LOST,  # SQLITE_NOTADB
}
_SQLSTATES = {
    "23503": Fault.CONFLICT,  # foreign_key_violation
    "23505": Fault.CONFLICT,  # unique_violation
    "40001": Fault.CONFLICT,  # serialization_failure
    "40P01": Fault.CONFLICT,  # deadlock_detected
    "55P03": Fault.TIMEOUT,  # lock_not_available
    "57014": Fault.TIMEOUT,  # query_canceled
    "25006": Fault.LOST,  # read_only_sql_transaction: a replica, since a failover
    "25P03": Fault.LOST,  # idle_in_transaction_session_timeout
    "42703": Fault.UNMIGRATED,  # undefined_column
    "42P01": Fault.UNMIGRATED,  # undefined_table
}


def fault_of(error: Error) -> Fault:
    """Return what an error of Django's database layer means."""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code == _SQLITE_ERROR and _NO_SUCH.match(str(cause)):
        known: Fault | None = Fault.UNMIGRATED
    elif code is not None:
        known = _SQLITE_CONSTRAINTS.get(code) or _SQLITE_PRIMARY.get(code & 0xFF)
    else:
        known = _SQLSTATES.get(getattr(cause, "sqlstate", None) or "")
    if known is not None:
        return known
    return Fault.LOST if isinstance(error, OperationalError | InterfaceError) else Fault.BUG

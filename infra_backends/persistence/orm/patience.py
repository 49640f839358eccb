"""How long a database is waited for."""

from contextvars import ContextVar

PATIENCE_SECONDS = 20.0
"""How long anything is waited for where no request's deadline runs."""

gives_up_at: ContextVar[float | None] = ContextVar("gives_up_at", default=None)
"""When waiting ends, on the monotonic clock; never while this is None, as for a migration."""

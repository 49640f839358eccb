"""A store in a relational database through Django's ORM: SQLite or PostgreSQL.

Django imports this package before its models may be, so the backend is only imported when asked
for.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "Backend":
        from infra_backends.persistence.orm.backend import Backend

        return Backend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

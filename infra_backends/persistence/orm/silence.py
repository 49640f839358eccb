"""Giving up on a PostgreSQL server that is connected but silent.

Its own limits (`statement_timeout`, `lock_timeout`) are of no use when it is stopped while its
machine goes on acknowledging what is sent.
"""

from collections.abc import Generator
from typing import Any

import psycopg

from financial_api.kernel import clock
from infra_backends.persistence.orm.patience import gives_up_at

GRACE_SECONDS = 0.5
"""How much later than the server's own limits, whose errors cost no connection."""


class ImpatientConnection(psycopg.Connection[Any]):
    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Wait as psycopg does, but raise OperationalError, and close, once it is time."""
        ends_at = gives_up_at.get()
        if ends_at is None:
            return super().wait(gen, *args, **options)
        return super().wait(self._until(ends_at + GRACE_SECONDS, gen), *args, **options)

    def _until(self, ends_at: float, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass everything through; psycopg sends a 0 now and then while there is nothing."""
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and clock.monotonic() >= ends_at:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server is silent")
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value

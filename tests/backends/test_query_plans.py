"""The ORM backend's queries about messages and codes each walk an index, in order, on either
database; its planner is asked with rows enough to have reason for one.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections  # noqa: TID251  # it asks the planner
from pytest_django.plugin import DjangoDbBlocker

from infra_backends.persistence.base import PersistenceBackend
from notifications.entities import ApprovalStatus, DeliveryStatus
from outbox.entities import EntityType
from tests.support.builders import (
    a_notification,
    a_pending_approval,
    a_request,
    a_user,
    an_id,
    an_inbound_message,
    at,
    rejected,
)
from tests.support.databases import ORM, postgresql_database, sqlite_database
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.storing import store

ROWS = 2000
AT_ONCE = 250
LIMIT = 10
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
DETOURS = ("SCAN", "Seq Scan", "B-TREE", "Sort", "Bitmap")
"""How plans name what reads more than the rows that are asked for, or puts them in order."""

Query = Callable[[PersistenceBackend], Sequence[Any]]

QUERIES: dict[str, Query] = {
    "requests_by_code": lambda backend: backend.card_requests.with_short_code("1a2b3c4d"),
    "notifications_undelivered": lambda backend: backend.notifications.due(at(ROWS), LIMIT),
    "notifications_by_status": lambda backend: backend.notifications.with_status(
        DeliveryStatus.DEAD_LETTER, LIMIT
    ),
    "notifications_of_entity": lambda backend: backend.notifications.of_entity(
        EntityType.CARD_REQUEST, an_id(7), LIMIT
    ),
    "messages_of_sender": lambda backend: backend.inbound_messages.of_sender(_phone(7), LIMIT),
    "approvals_expiry": lambda backend: backend.pending_approvals.expired(at(99_999), LIMIT),
}
"""By the index that each is to walk."""


def _phone(number: int) -> str:
    return f"551198765{number % 100:04}"


def _rows() -> Iterator[list[Any]]:
    """Yield rows of each kind, in all of their statuses."""
    deliveries = [status for status in DeliveryStatus if status is not DeliveryStatus.SENT]
    approvals = list(ApprovalStatus)
    yield [rejected(a_request(moment=at(n), version=1)) for n in range(ROWS)]
    yield [
        a_notification(
            at(n),
            related_entity_id=an_id(n % 100),
            delivery_status=deliveries[n % len(deliveries)],
            version=1,
        )
        for n in range(ROWS)
    ]
    yield [an_inbound_message(at(n), sender_phone=_phone(n)) for n in range(ROWS)]
    yield [
        a_pending_approval(at(n), approval_status=approvals[n % len(approvals)], version=1)
        for n in range(ROWS)
    ]


@pytest.fixture(
    scope="module", params=[sqlite_database, postgresql_database], ids=["sqlite", "postgresql"]
)
def full(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[PersistenceBackend]:
    """The ORM backend on a database with some thousand rows of each kind."""
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(request.param())
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: query plans, since {reason}")
        backend = stack.enter_context(opened.serving())
        store(backend, a_user())
        tables = import_module(f"{ORM}.kinds").TABLES
        writing = import_module(f"{ORM}.session").writing
        for rows in _rows():
            for start in range(0, ROWS, AT_ONCE):
                with writing() as cursor:
                    tables[type(rows[0])].insert(cursor, rows[start : start + AT_ONCE])
        with writing() as cursor:
            cursor.execute("ANALYZE")
        yield backend


def plan_of(backend: PersistenceBackend, query: Query) -> str:
    """Return how the database goes about the one statement of a query."""
    statements: list[tuple[str, Any]] = []

    def noting(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, *rest)

    connection = connections[DEFAULT_DB_ALIAS]
    with connection.execute_wrapper(noting):
        query(backend)
    ((sql, params),) = statements
    with connection.cursor() as cursor:
        cursor.execute(EXPLAIN[connection.vendor] + sql, params)
        return "\n".join(str(row) for row in cursor.fetchall())


@pytest.mark.parametrize("index", QUERIES)
def test_a_query_walks_its_index_and_nothing_else(full: PersistenceBackend, index: str) -> None:
    plan = plan_of(full, QUERIES[index])

    assert index in plan
    assert not [detour for detour in DETOURS if detour in plan], plan

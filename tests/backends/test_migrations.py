"""A database of the ORM backend that is in use already is migrated with what is in it."""

import contextlib
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from infra_backends.exceptions import ConcurrencyError
from infra_backends.persistence.base import PersistenceBackend
from tests.support.builders import a_customer, a_request, a_user, at
from tests.support.databases import postgresql_database, sqlite_database
from tests.support.store import LEFT_OUT, LeftOut
from tests.support.storing import store

FIRST = "0001"


@pytest.fixture(params=[sqlite_database, postgresql_database], ids=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[PersistenceBackend]:
    """The ORM backend on a database of its own, of which a test may undo the migrations."""
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(request.param())
        except LeftOut as reason:
            pytest.skip(f"{LEFT_OUT}: migrations, since {reason}")
        yield stack.enter_context(opened.serving())


def migrate(*target: str) -> None:
    call_command("migrate", "orm_persistence", *target, verbosity=0, interactive=False)


def test_requests_from_before_there_were_short_codes_have_them(
    database: PersistenceBackend,
) -> None:
    user, approved, card = a_customer("user-001")
    pending = a_request("user-002", at(1))
    store(database, user, approved, card, a_user("user-002"), pending)
    before = list(database.read([approved.key, pending.key, card.key]))

    migrate(FIRST)
    migrate()

    assert list(database.read([approved.key, pending.key, card.key])) == before
    for request in (approved, pending):
        assert list(database.card_requests.with_short_code(request.short_code)) == [request.key]


def test_constraints_outlive_a_migration_that_makes_their_table_anew(
    database: PersistenceBackend,
) -> None:
    store(database, a_user(), a_request())
    migrate(FIRST)
    migrate()

    with pytest.raises(ConcurrencyError):
        store(database, a_request(moment=at(1)))

"""`manage.py migrate`: Django's own, which says in one line that the database does not answer."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import InterfaceError, OperationalError

from infra_backends.checks import refuse_to_start


class Command(DjangoMigrate):
    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_to_start()
        try:
            return super().execute(*args, **options | {"skip_checks": True})
        except (InterfaceError, OperationalError) as error:
            said = " ".join(str(error).split())
            raise CommandError(f"Not migrated: the database says: {said}") from error

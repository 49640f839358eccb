"""What the commands of a database share: one that does not answer is told in a line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from infra_backends.checks import refuse_to_start


class InALine(BaseCommand):
    """Goes before one of Django's commands among the bases of a class."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_to_start()
        try:
            return super().execute(*args, **options | {"skip_checks": True})
        except (InterfaceError, DatabaseError) as error:
            said = " ".join(str(error).split())
            raise CommandError(f"Not available: the database says: {said}") from error

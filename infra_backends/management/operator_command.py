"""What the commands of an operator share: whatever is wrong or away is said in one line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra_backends import handles_of_a_relay
from infra_backends.checks import refuse_to_start
from infra_backends.exceptions import BackendUnavailable


class OperatorCommand(BaseCommand):
    """A command that asks backends: it ends with status 1 and a line where one does not answer."""

    requires_system_checks = ()  # `refuse_to_start` runs them, and says it shorter

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_to_start(*handles_of_a_relay())
        try:
            return super().execute(*args, **options)
        except BackendUnavailable as error:
            raise CommandError(f"Not available: {error}") from error

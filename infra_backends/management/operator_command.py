"""What the commands of an operator share: whatever is wrong or away is said in one line."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError

from infra_backends import handles_of_a_relay
from infra_backends.checks import refuse_to_start
from infra_backends.exceptions import BackendUnavailable


class OperatorCommand(BaseCommand):
    """A command that asks backends: it ends with status 1 and a line where one does not answer."""

    requires_system_checks = ()  # `refuse_to_start` runs them, and says it shorter

    logs_warnings: ClassVar[bool] = False
    """Whether it goes on after what is logged as a warning; else its last line tells as much."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        refuse_to_start(*handles_of_a_relay())
        try:
            with contextlib.nullcontext() if self.logs_warnings else _without_warnings():
                return super().execute(*args, **options)
        except BackendUnavailable as error:
            raise CommandError(f"Not available: {error}") from error


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

"""`manage.py outbox_redrive`: send dead-lettered events once more."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.callers import Caller
from financial_api.kernel.errors import ApiError
from financial_api.kernel.ids import is_id
from infra_backends.management.operator_command import OperatorCommand
from outbox import services
from outbox.entities import EventType


class Command(OperatorCommand):
    help = "Send dead-lettered events once more: all of them, those of a type, or one."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="every dead-lettered event")
        which.add_argument("--type", choices=[str(type) for type in EventType], metavar="TYPE")
        which.add_argument("--event", metavar="ID")
        parser.add_argument("--reason", default="Redriven from the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        operator, reason = Caller.system(), options["reason"]
        if options["event"] is None:
            wanted = EventType(options["type"]) if options["type"] else None
            count = services.redrive_all(operator, wanted, reason)
        else:
            count = self._redrive_one(operator, options["event"], reason)
        self.stdout.write(f"{count} events will be sent again")

    def _redrive_one(self, operator: Caller, event_id: str, reason: str) -> int:
        if not is_id(event_id):
            raise CommandError(f"{event_id} is no event's id.")
        try:
            services.redrive(operator, event_id, reason)
        except ApiError as error:
            raise CommandError(error.message) from error
        return 1

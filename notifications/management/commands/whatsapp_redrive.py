"""`manage.py whatsapp_redrive`: send again what was given up."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from infra_backends import persistence
from infra_backends.management.operator_command import OperatorCommand
from notifications import delivery
from notifications.entities import DeliveryStatus, NotificationKey

MOST = 1000


class Command(OperatorCommand):
    help = "Have dead-lettered messages to admins sent again."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="every dead letter")
        which.add_argument("--notification", metavar="ID", help="one of them")

    def handle(self, *args: Any, **options: Any) -> None:
        keys = [NotificationKey(options["notification"])]
        if options["all"]:
            dead = persistence.notifications.with_status(DeliveryStatus.DEAD_LETTER, MOST)
            keys = [notification.key for notification in dead]
        redriven = sum(map(delivery.redrive, keys))
        if not options["all"] and not redriven:
            raise CommandError(f"{options['notification']} is no dead letter.")
        self.stdout.write(f"{redriven} messages wait to be sent again")

"""`manage.py whatsapp_status`: what waits to be sent, what was given up, and who said what."""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from financial_api.kernel.clock import iso
from infra_backends import persistence
from infra_backends.management.operator_command import OperatorCommand
from notifications.entities import DeliveryStatus, InboundMessage, Notification
from notifications.phones import masked, normalised
from outbox.entities import EntityType

MOST = 100
SHOWN = (DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.DEAD_LETTER)


class Command(OperatorCommand):
    help = "Show messages to admins that are not delivered, those about a request, or answers."

    def add_arguments(self, parser: CommandParser) -> None:
        asked = parser.add_mutually_exclusive_group()
        asked.add_argument("--request", metavar="ID", help="messages about a card request")
        asked.add_argument("--phone", metavar="NUMBER", help="messages from an admin")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["request"]:
            self._show(
                persistence.notifications.of_entity(
                    EntityType.CARD_REQUEST, options["request"], MOST
                )
            )
        elif options["phone"]:
            for message in persistence.inbound_messages.of_sender(_phone(options["phone"]), MOST):
                self.stdout.write(_inbound_line(message))
        else:
            for status in SHOWN:
                found = persistence.notifications.with_status(status, MOST)
                more = " or more" if len(found) == MOST else ""
                self.stdout.write(f"{status}: {len(found)}{more}")
                self._show(found)

    def _show(self, notifications: Sequence[Notification]) -> None:
        for notification in notifications:
            self.stdout.write(_line(notification))


def _phone(text: str) -> str:
    try:
        return normalised(text)
    except ValueError as error:
        raise CommandError(f"--phone {error}") from None


def _line(notification: Notification) -> str:
    parts = [
        notification.notification_id,
        iso(notification.created_at),
        notification.kind,
        f"to {masked(notification.phone)}",
        notification.delivery_status,
        f"{notification.attempts} attempts",
        notification.last_error or "",
    ]
    return "  ".join(["", *parts]).rstrip()


def _inbound_line(message: InboundMessage) -> str:
    parts = [iso(message.received_at), message.action, message.reason, message.request_id]
    return "  ".join(part for part in [*parts, message.error] if part)

"""Admins with telephones, what they are sent and what they answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from cards.entities import CardRequest
from infra_backends import messaging, persistence
from infra_backends.messaging.base import Connection, MessagingBackend
from notifications.admins import Admin
from notifications.answering import Delivery
from notifications.entities import Notification
from outbox.entities import EntityType, Event

ANA = Admin("5511987654321", "admin-ana", "ana@example.com")
BEA = Admin("5521988887777", "admin-bea", "bea@example.com")
BOTH = {admin.phone: admin for admin in (ANA, BEA)}
STRANGER = "5531977776666"


def from_admin(admin: Admin, text: str, gateway_id: str = "3EB0") -> Delivery:
    """Return a message as the gateway delivers it; `gateway_id` is that of the message."""
    return Delivery(
        session="session",
        gateway_id=gateway_id,
        sender=f"{admin.phone}@c.us",
        text=text,
        is_from_self=False,
        is_from_group=False,
    )


def events_of(entity_type: EntityType, entity_id: str) -> list[Event]:
    """Return an entity's events, oldest first."""
    page = persistence.outbox.page(None, (entity_type, entity_id), after=None, limit=100)
    return list(reversed(page.items))


def asked_about(request: CardRequest) -> list[Notification]:
    """Return what admins were sent about a request, by their phones."""
    found = persistence.notifications.of_entity(EntityType.CARD_REQUEST, request.request_id, 100)
    return sorted(found, key=lambda notification: notification.phone)


class Phones(MessagingBackend):
    """Stands for the gateway: takes every message, or answers as `refusal` says."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.tried = 0
        self.refusal: Exception | None = None
        self.refusing: set[str] = set()
        """The phones that the refusal is for; none means all."""

    def send(self, phone: str, text: str) -> None:
        self.tried += 1
        if self.refusal is not None and (not self.refusing or phone in self.refusing):
            raise self.refusal
        self.received.append((phone, text))

    def connection(self) -> Connection | None:
        return None

    @contextmanager
    def in_use(self) -> Iterator["Phones"]:
        with messaging.use(self):
            yield self

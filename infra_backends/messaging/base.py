"""The contract of a messaging backend: text messages to admins' phones."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from infra_backends.base import BaseBackend


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether a session is connected to WhatsApp, and what it is called."""

    connected: bool
    session: str


class MessagingBackend(BaseBackend, ABC):
    setting = "MESSAGING"

    longest_send_seconds: ClassVar[float] = 0.0
    """How long a send may take before it gives up, so that it does not outlast a lease."""

    @abstractmethod
    def send(self, phone: str, text: str) -> None:
        """Send a text to a phone (13 digits); it may arrive twice if the answer is lost.

        Raises MessageRejected when this message cannot be sent, to this phone for example, and
        BackendUnavailable when none can be sent now.
        """

    @abstractmethod
    def connection(self) -> Connection | None:
        """Return how the session stands; None where there is no session to connect.

        Raises BackendUnavailable when the gateway does not say.
        """

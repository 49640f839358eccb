"""Messages for whoever watches the process: printed on standard output, sent to nobody."""

import sys
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from financial_api.kernel import clock
from infra_backends.messaging.base import Connection, MessagingBackend
from notifications.phones import masked

MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class SentMessage:
    phone: str
    text: str
    sent_at: datetime


class Backend(MessagingBackend):
    def __init__(self) -> None:
        self._sent: deque[SentMessage] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()

    @property
    def sent(self) -> tuple[SentMessage, ...]:
        """The messages of this process, the last hundred of them, oldest first."""
        with self._lock:
            return tuple(self._sent)

    def send(self, phone: str, text: str) -> None:
        with self._lock:
            sys.stdout.write(f"WhatsApp to {masked(phone)}:\n{text}\n")
            sys.stdout.flush()
            self._sent.append(SentMessage(phone, text, clock.now()))

    def connection(self) -> Connection | None:
        return None

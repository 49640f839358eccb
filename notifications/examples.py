"""Examples for the schema."""

from accounts.specimens import NOW
from infra_backends.messaging.base import Connection
from notifications.entities import InboundAction, InboundMessage
from notifications.presenters import present_health, present_outcome

EVENT = {
    "event": "onmessage",
    "session": "financial-api",
    "data": {
        "id": "false_5511987654321@c.us_3EB0C767D26A1B2E",
        "body": "y 0000b3c1",
        "from": "5511987654321@c.us",
        "to": "5511912345678@c.us",
        "fromMe": False,
        "isGroupMsg": False,
        "sender": {"id": "5511987654321@c.us", "pushname": "Ana"},
        "t": 1_768_469_400,
        "type": "chat",
    },
}
ANSWER = present_outcome(
    InboundMessage(
        message_id="financial-api#false_5511987654321@c.us_3EB0C767D26A1B2E",
        text="y 0000b3c1",
        action=InboundAction.APPROVED,
        request_id="019bc0fd-89c0-7000-8000-00000000b3c1",
        received_at=NOW,
    )
)
HEALTH = present_health(Connection(connected=True, session="financial-api"), False, NOW)

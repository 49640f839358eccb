"""The WhatsApp gateway as a client of the webhook."""

from typing import Any

import httpx

from tests.support.api import Api, expect, new_key
from tests.support.whatsapp import ANA

WEBHOOK = "/webhooks/wpp-connect"
SECRET = "what-the-gateway-and-we-know"


def event(text: str, phone: str = ANA.phone, **data: Any) -> dict[str, Any]:
    """Return an event as the gateway sends it: a message of its own each time."""
    message = {
        "id": f"false_{phone}@c.us_{new_key()}",
        "body": text,
        "from": f"{phone}@c.us",
        "to": "5541955554444@c.us",
        "fromMe": False,
        "isGroupMsg": False,
        "sender": {"id": f"{phone}@c.us", "name": None, "pushname": "Ana 🚀"},
        "t": 1_772_368_215,
        "type": "chat",
    }
    return {"event": "onmessage", "session": "acme", "data": message | data}


def deliver(hook: Api, body: Any, secret: str | None = SECRET) -> httpx.Response:
    headers = {} if secret is None else {"X-Webhook-Secret": secret}
    return hook.call("POST", WEBHOOK, body, headers=headers)


def outcome(hook: Api, body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = expect(deliver(hook, body), 200)
    return answer

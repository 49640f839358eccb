"""What the WhatsApp gateway is told."""

from datetime import datetime
from typing import Any

from financial_api.kernel.clock import iso
from infra_backends.messaging.base import Connection
from notifications.entities import IgnoredReason, InboundAction, InboundMessage


def present_outcome(message: InboundMessage) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ok": message.action is not InboundAction.ERROR,
        "action": message.action,
        "requestId": message.request_id,
        "reason": message.reason,
        "error": message.error,
    }
    return {name: value for name, value in shown.items() if value is not None}


def present_non_message() -> dict[str, Any]:
    return {
        "ok": True,
        "action": InboundAction.IGNORED,
        "reason": IgnoredReason.NON_MESSAGE_EVENT,
    }


def present_health(connection: Connection | None, is_away: bool, at: datetime) -> dict[str, Any]:
    """A gateway that does not answer is shown as not connected; none at all is not shown."""
    connected = connection.connected if connection is not None else not is_away
    shown: dict[str, Any] = {"status": "ok" if connected else "degraded"}
    if connection is not None:
        shown["whatsapp"] = {"connected": connected, "session": connection.session}
    elif is_away:
        shown["whatsapp"] = {"connected": False}
    return shown | {"timestamp": iso(at)}

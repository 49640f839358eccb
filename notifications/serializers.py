"""What the WhatsApp gateway sends and is answered, as the schema declares them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from financial_api.api.fields import (
    AnyField,
    EnumField,
    FlagField,
    IdField,
    InputField,
    MomentField,
    ProseField,
    TextField,
    WholeNumberField,
)
from notifications.entities import IgnoredReason, InboundAction

LATEST_SECOND = 253_402_300_799
"""The end of the year 9999, in Unix seconds."""


@extend_schema_field({})
class AnythingField(AnyField):
    """Any JSON value: each event has data of its own."""

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(data) if data is empty else data


class GatewayEventInput(serializers.Serializer[Any]):
    """An event of a session. Only `onmessage` means anything here."""

    event = TextField(longest=64)
    session = TextField(
        longest=64, pattern=r"[A-Za-z0-9._-]+", expected="letters, digits, `.`, `_` and `-`"
    )

    def get_fields(self) -> dict[str, Any]:
        """Add `data`, which is something else on a serializer."""
        data = AnythingField(required=False)
        return {**super().get_fields(), "data": data}


class SenderInput(InputField, serializers.Serializer[Any]):
    id = TextField(longest=100)
    name = ProseField(required=False)
    pushname = ProseField(required=False)


class GatewayMessageInput(serializers.Serializer[Any]):
    """The data of an `onmessage` event; `from` is `<phone>@c.us`, `t` Unix seconds."""

    id = TextField(longest=256, pattern=r"[\x21-\x7e]+", expected="visible ASCII characters")
    body = ProseField()
    to = TextField(longest=100)
    fromMe = FlagField()
    isGroupMsg = FlagField()
    sender = SenderInput(required=False)
    t = WholeNumberField(lowest=0, highest=LATEST_SECOND)
    type = TextField(longest=32)

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is no name for an attribute."""
        return {**super().get_fields(), "from": TextField(longest=100)}


class GatewayAnswerSerializer(serializers.Serializer[Any]):
    """What became of an event."""

    ok = serializers.BooleanField()
    action = EnumField(*InboundAction)
    requestId = IdField(required=False)
    reason = EnumField(*IgnoredReason, required=False)
    error = serializers.CharField(required=False)


class ConnectionSerializer(serializers.Serializer[Any]):
    connected = serializers.BooleanField()
    session = serializers.CharField(required=False)


class GatewayHealthSerializer(serializers.Serializer[Any]):
    status = EnumField("ok", "degraded")
    whatsapp = ConnectionSerializer(required=False)
    timestamp = MomentField()

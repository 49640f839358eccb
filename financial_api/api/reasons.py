"""Why an admin does something: the input of every operation that asks for that and no more."""

from typing import Any

from rest_framework import serializers

from financial_api.api.fields import TextField

REASON_INPUT = {"reason": "Reported by the customer"}


class ReasonInput(serializers.Serializer[Any]):
    reason = TextField(shortest=10, longest=500)

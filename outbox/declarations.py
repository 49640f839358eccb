"""What an event of each type contains: one declaration beside the code that makes its payload."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta

from outbox.entities import EntityType, EventDraft, EventType

P = TypeVar("P", bound=Mapping[str, Any])

_UUID = {"format": "uuid"}

EcosystemId = Annotated[str, Meta(description="The user it is about.")]
AdminId = Annotated[str, Meta(description="The ecosystemId of the admin who did it.")]
Reason = Annotated[str, Meta(description="Why, in the words of whoever did it.")]
RequestId = Annotated[str, Meta(description="The card request.", extra_json_schema=_UUID)]
CardId = Annotated[str, Meta(description="The card.", extra_json_schema=_UUID)]
ProductId = Annotated[str, Meta(description="What was asked for.")]
Score = Annotated[int, Meta(ge=0, le=1000, description="Points.")]
Count = Annotated[int, Meta(ge=0)]
Dollars = Annotated[
    Decimal,
    Meta(
        description="Dollars, a JSON number of at most two decimals: read it as a decimal.",
        extra_json_schema={"minimum": 0},
    ),
]
Moment = Annotated[
    str,
    Meta(
        description="UTC, with six decimals.",
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
        extra_json_schema={"format": "date-time"},
    ),
]


@dataclass(frozen=True, slots=True)
class EventDeclaration(Generic[P]):
    """An event type, whose events it is, and the `TypedDict` of its payload.

    `when` is a sentence for consumers. Events of the type are drafted here and nowhere else.
    """

    event_type: EventType
    entity_type: EntityType
    payload: type[P]
    when: str

    def draft(self, entity_id: str, ecosystem_id: str, payload: P) -> EventDraft:
        return EventDraft(self.event_type, self.entity_type, entity_id, ecosystem_id, payload)

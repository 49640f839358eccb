"""Reads events out of the messages that EventBridge and the FIFO queue hand to consumers."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from financial_api.kernel.encoding import dumps, loads

LONGEST_REASON = 200


class ToldEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as it is told. `payload` holds JSON values, numbers with a fraction as `Decimal`."""

    event_id: str
    event_type: str
    entity_type: str
    entity_id: str
    sequence_number: Annotated[int, msgspec.Meta(ge=1)]
    previous_event_id: str | None = None
    payload: dict[str, Any]
    created_at: Annotated[datetime, msgspec.Meta(tz=True)]
    text: str = ""
    """All of it, with what is not named here, as one line of JSON."""

    @property
    def entity(self) -> tuple[str, str]:
        return self.entity_type, self.entity_id


class Unreadable(ValueError):
    """A message's body is no event; the message says why, and does not quote the body."""


def read(body: str) -> ToldEvent:
    """Return the event in a message's body, which is a JSON object with the event as `detail`.

    What is not known is ignored, since events may come to tell more. Raises Unreadable.
    """
    try:
        detail = loads(body)["detail"]
        event = msgspec.convert(detail, ToldEvent)
        return msgspec.structs.replace(event, text=dumps(detail).decode())
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)[:LONGEST_REASON]) from None
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise Unreadable(
            f"no JSON object with an event as detail: {type(error).__name__}"
        ) from None

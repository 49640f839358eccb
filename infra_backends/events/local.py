"""Delivery within the process: events are logged, and there is nobody else to send them to."""

import logging
from collections.abc import Sequence

from infra_backends.events.base import EventsBackend, Result
from outbox.entities import Event

logger = logging.getLogger(__name__)


class Backend(EventsBackend):
    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        for event in events:
            logger.info(
                "%s %s of %s %s",
                event.event_type,
                event.sequence_number,
                event.entity_type,
                event.entity_id,
            )
        return [None] * len(events)

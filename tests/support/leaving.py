"""A process that emits events to its very end, and leaves while its threads still do.

python -m tests.support.leaving
"""

import threading

import django

django.setup()

from accounts.callers import Caller  # noqa: E402
from financial_api.application import commands  # noqa: E402
from financial_api.application.unit_of_work import UnitOfWork  # noqa: E402
from outbox import wakeup  # noqa: E402
from outbox.entities import EntityType, EventDraft, EventType, SequenceKey  # noqa: E402

THREADS = 3
FIRST_EVENTS = 5


def emit(entity_id: str) -> None:
    draft = EventDraft(
        EventType.CARD_CANCELLED, EntityType.CARD, entity_id, "user-001", {"cardId": entity_id}
    )

    def decide(work: UnitOfWork) -> None:
        work.emit(draft)

    commands.run(Caller.system(), lambda: [SequenceKey(EntityType.CARD, entity_id)], decide)


def nudge_for_ever() -> None:
    while True:
        wakeup.nudge()


def main() -> None:
    for number in range(FIRST_EVENTS):
        emit(f"card-{number}")
    for _ in range(THREADS):
        threading.Thread(target=nudge_for_ever, daemon=True).start()


if __name__ == "__main__":
    main()

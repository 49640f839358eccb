"""The consumer's loop: receive, put in order, hand on, and only then delete."""

import threading
from collections import deque
from collections.abc import Callable

from .ordering import Delivery, Ordering, Turn
from .queue import Queue, QueueUnavailable
from .reading import Unreadable, read

PAUSE_SECONDS = 1.0
"""Between two tries while the queue is away."""


class Consumer:
    """Hands on what a queue holds, until it is told to stop.

    `hand_on` gets each event once it is its turn; what it raises ends the loop. An event is
    deleted after that. `complain` gets a sentence about whatever else there is to tell. A body
    that is no event is left to the queue, which moves it to its dead letters in the end.
    """

    def __init__(
        self,
        queue: Queue,
        ordering: Ordering,
        *,
        hand_on: Callable[[Delivery], None],
        complain: Callable[[str], None],
    ) -> None:
        self._queue = queue
        self._ordering = ordering
        self._hand_on = hand_on
        self._complain = complain
        self._waiting: deque[Delivery] = deque()
        """Those whose turn it is."""
        self._done: list[str] = []
        """The receipts to delete messages by."""
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stop after the event it is at; may be called from a signal handler."""
        self._stopping.set()

    def run(self, *, most: int | None = None, until_empty: bool = False) -> int:
        """Return how many events were handed on, when stopped or after `most` of them.

        With `until_empty` it also ends as soon as the queue gives nothing and nothing is held
        back, and raises QueueUnavailable where it would else try again. What was received and
        not handed on is given back. Raises QueueRefused.
        """
        count = 0
        try:
            while not self._is_over(count, most):
                received = self._receive(patient=not until_empty)
                while self._waiting and not self._is_over(count, most):
                    count += self._hand_on_next()
                self._delete()
                if until_empty and not received and not self._ordering.held_receipts:
                    break
        finally:
            self._finish()
        return count

    def _is_over(self, count: int, most: int | None) -> bool:
        return self._stopping.is_set() or (most is not None and count >= most)

    def _receive(self, *, patient: bool) -> int:
        """Take what the queue gives; return how many messages that were."""
        try:
            messages = self._queue.receive()
        except QueueUnavailable as error:
            if not patient:
                raise
            self._complain(f"the queue does not answer; trying again: {error}")
            self._stopping.wait(PAUSE_SECONDS)
            messages = []
        for message in messages:
            try:
                event = read(message.body)
            except Unreadable as reason:
                self._complain(f"a message was left to the dead letters: {reason}")
            else:
                self._waiting += self._ordering.take(event, message.receipt)
        self._waiting += self._ordering.overdue()
        return len(messages)

    def _hand_on_next(self) -> bool:
        """Hand on the next event; False for one that had been handed on before."""
        delivery = self._waiting[0]
        is_new = delivery.turn is not Turn.DUPLICATE
        if is_new:
            self._hand_on(delivery)
        self._waiting.popleft()
        self._done += delivery.receipts
        return is_new

    def _delete(self) -> None:
        done, self._done = self._done, []
        try:
            self._queue.delete(done)
        except QueueUnavailable as error:
            self._complain(f"what was handed on may come again: {error}")

    def _finish(self) -> None:
        """Delete what was handed on and give the rest back."""
        self._delete()
        kept = [receipt for delivery in self._waiting for receipt in delivery.receipts]
        try:
            self._queue.give_back([*kept, *self._ordering.held_receipts])
        except QueueUnavailable as error:
            self._complain(f"what was not handed on comes again only later: {error}")

"""`manage.py events_tail`: prints events as they arrive in a queue, each once and in order."""

import contextlib
import math
import os
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from financial_api.consumer.consuming import Consumer
from financial_api.consumer.ordering import Delivery, Ordering, Turn
from financial_api.consumer.queue import Queue, QueueRefused
from financial_api.kernel.clock import iso
from financial_api.kernel.encoding import dumps
from infra_backends.aws.names import Names
from infra_backends.exceptions import BackendUnavailable

GAP_SECONDS = 5.0
MOST_GAP_SECONDS = 600.0
SPARE_SECONDS = 30
"""How long a message is kept from others beyond the time that it may be held back."""
MOST_CHARACTERS = 120
"""Of a payload on a line."""


class Command(BaseCommand):
    help = (
        "Print events as they arrive in a queue, each once and in the order of its entity. What is "
        "printed is deleted from the queue. Stops on SIGTERM or Ctrl-C, and then gives back what "
        "it has not printed."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", help="default: the queue that these settings fill")
        parser.add_argument("--json", action="store_true", help="print all of an event, as JSON")
        parser.add_argument(
            "--once", action="store_true", help="stop as soon as the queue has no more to give"
        )
        parser.add_argument("--count", type=_count, help="stop after so many events")
        parser.add_argument(
            "--gap-seconds",
            type=_gap_seconds,
            help="how long an event is held back while one before it may still come "
            f"(default: {GAP_SECONDS:g}; 0 for a FIFO queue, which keeps the order itself)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        region, prefix = (getattr(settings, name, None) for name in ("AWS_REGION", "AWS_PREFIX"))
        if region is None or prefix is None:
            raise CommandError(
                "These settings send events to no queue; "
                "try it with --settings=financial_api.settings.aws."
            )
        name = options["queue"] or _default_queue(prefix)
        gap_seconds = options["gap_seconds"]
        if gap_seconds is None:
            gap_seconds = 0.0 if name.endswith(".fifo") else GAP_SECONDS
        queue = Queue(
            name, region=region, visibility_seconds=math.ceil(gap_seconds) + SPARE_SECONDS
        )
        consumer = Consumer(
            queue,
            Ordering(gap_seconds=gap_seconds),
            hand_on=lambda delivery: self._print(delivery, as_json=options["json"]),
            complain=self._complain,
        )
        try:
            with contextlib.closing(queue), _on_signals(consumer.stop):
                consumer.run(most=options["count"], until_empty=options["once"])
        except BrokenPipeError:
            _abandon_output()
        except (BackendUnavailable, QueueRefused) as error:
            raise CommandError(f"The queue cannot be read: {error}.") from error

    def _print(self, delivery: Delivery, *, as_json: bool) -> None:
        event = delivery.event
        if delivery.missing:
            self._complain(
                f"{_name(delivery)}: {_numbers(delivery.missing)} did not come; going on with "
                f"{event.sequence_number}"
            )
        if delivery.turn is Turn.LATE:
            self._complain(f"{_name(delivery)}: {event.sequence_number} comes late")
        self.stdout.write(event.text if as_json else _line(delivery))
        self.stdout.flush()

    def _complain(self, sentence: str) -> None:
        self.stderr.write(_printable(sentence))


def _line(delivery: Delivery) -> str:
    event = delivery.event
    payload = dumps(event.payload).decode()
    if len(payload) > MOST_CHARACTERS:
        payload = payload[:MOST_CHARACTERS] + "…"
    time, number = iso(event.created_at), f"#{event.sequence_number}"
    return _printable(f"{time}  {number:>4}  {event.event_type:<20}  {_name(delivery)}  {payload}")


def _name(delivery: Delivery) -> str:
    return "/".join(delivery.event.entity)


def _numbers(numbers: range) -> str:
    first, last = numbers[0], numbers[-1]
    return str(first) if first == last else f"{first} to {last}"


def _printable(text: str) -> str:
    """Return the text without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _default_queue(prefix: str) -> str:
    """Return the ordered queue if events go there directly, else the one behind the bus."""
    options: Any = settings.EVENTS.get("OPTIONS", {})
    name: str | None = options.get("QUEUE")
    return name or Names(prefix).events_queue


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text} is no positive number")
    return int(text)


def _gap_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MOST_GAP_SECONDS:
        raise ArgumentTypeError(f"{text} is no number from 0 to {MOST_GAP_SECONDS:g}")
    return seconds


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and Ctrl-C for the length of a `with` block."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _abandon_output() -> None:
    """Let Python's own last flush go nowhere, since nobody reads any more.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

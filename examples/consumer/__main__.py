"""`python -m examples.consumer`: prints events as they arrive in a queue, once and in order."""

import contextlib
import math
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC

from .consuming import Consumer
from .ordering import Delivery, Ordering, Turn
from .queue import Queue, QueueRefused, QueueUnavailable
from .reading import dumps

GAP_SECONDS = 5.0
MOST_GAP_SECONDS = 600.0
SPARE_SECONDS = 30
"""How long a message is kept from others beyond the time that it may be held back."""
MOST_CHARACTERS = 120
"""Of a payload on a line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what arrives, as the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    name = options.queue or default_queue()
    gap_seconds = options.gap_seconds
    if gap_seconds is None:
        gap_seconds = 0.0 if name.endswith(".fifo") else GAP_SECONDS
    try:
        queue = Queue(name, visibility_seconds=math.ceil(gap_seconds) + SPARE_SECONDS)
        consumer = Consumer(
            queue,
            Ordering(gap_seconds=gap_seconds),
            hand_on=_print_json if options.json else _print_line,
            complain=_complain,
        )
        with contextlib.closing(queue), _on_signals(consumer.stop):
            consumer.run(most=options.count, until_empty=options.once)
    except BrokenPipeError:
        _abandon_output()
    except (QueueUnavailable, QueueRefused) as error:
        _complain(f"The queue cannot be read: {error}.")
        return 1
    return 0


def default_queue() -> str:
    """Return the queue that a service with this environment fills: in order, or behind the bus."""
    prefix = os.environ.get("AWS_PREFIX", "acme-")
    if os.environ.get("EVENT_TRANSPORT") == "fifo":
        return os.environ.get("EVENT_QUEUE", f"{prefix}events.fifo")
    return f"{prefix}events-queue"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=f"python -m {__package__}",
        description="Print events as they arrive in a queue, each once and in the order of its "
        "entity. What is printed is deleted from the queue. Stops on SIGTERM or Ctrl-C, and then "
        "gives back what it has not printed.",
    )
    parser.add_argument(
        "--queue",
        help="default: what the service fills, by AWS_PREFIX, EVENT_TRANSPORT and EVENT_QUEUE",
    )
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
    return parser


def _print_line(delivery: Delivery) -> None:
    _print(delivery, _line(delivery))


def _print_json(delivery: Delivery) -> None:
    _print(delivery, delivery.event.text)


def _print(delivery: Delivery, text: str) -> None:
    number = delivery.event.sequence_number
    if delivery.missing:
        missing = _numbers(delivery.missing)
        _complain(f"{_name(delivery)}: {missing} did not come; going on with {number}")
    if delivery.turn is Turn.LATE:
        _complain(f"{_name(delivery)}: {number} comes late")
    print(text, flush=True)


def _complain(sentence: str) -> None:
    print(_printable(sentence), file=sys.stderr)


def _line(delivery: Delivery) -> str:
    event = delivery.event
    payload = dumps(event.payload)
    if len(payload) > MOST_CHARACTERS:
        payload = payload[:MOST_CHARACTERS] + "…"
    time = f"{event.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    number = f"#{event.sequence_number}"
    return _printable(f"{time}  {number:>4}  {event.event_type:<20}  {_name(delivery)}  {payload}")


def _name(delivery: Delivery) -> str:
    return "/".join(delivery.event.entity)


def _numbers(numbers: range) -> str:
    first, last = numbers[0], numbers[-1]
    return str(first) if first == last else f"{first} to {last}"


def _printable(text: str) -> str:
    """Return the text without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


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


if __name__ == "__main__":
    sys.exit(main())

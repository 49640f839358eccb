"""`manage.py outbox_status`: how far the relay is behind."""

import contextlib
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from financial_api.kernel import clock
from infra_backends.exceptions import BackendUnavailable
from infra_backends.management.operator_command import OperatorCommand
from outbox.entities import Event
from outbox.status import LATE, ShardStatus, dead_letters, shard_statuses

MOST_DEAD_LETTERS = 100
WATCH_SECONDS = 2.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 86_400.0

BACKLOG_STATUS = 3
DEAD_LETTERS_STATUS = 4
"""The exit status for one of them; their sum for both."""

CLEAR = "\033[H\033[2J"


@dataclass(frozen=True, slots=True)
class _Outbox:
    shards: Sequence[ShardStatus]
    dead: Sequence[Event]

    @property
    def is_late(self) -> bool:
        return any((shard.oldest_seconds or 0) > LATE.total_seconds() for shard in self.shards)

    @property
    def exit_status(self) -> int:
        return BACKLOG_STATUS * self.is_late + DEAD_LETTERS_STATUS * bool(self.dead)


class Command(OperatorCommand):
    help = (
        "Show per shard how many events wait, how old the oldest is in seconds and who drains it, "
        f"and the dead letters. The exit status is {BACKLOG_STATUS} when an event has waited for "
        f"over {LATE.total_seconds():.0f} seconds, {DEAD_LETTERS_STATUS} when there are dead "
        "letters, their sum for both, and 1 when the store does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="an object, on one line")
        parser.add_argument(
            "--watch",
            metavar="SECONDS",
            type=_seconds,
            nargs="?",
            const=WATCH_SECONDS,
            help=f"show it again so often ({WATCH_SECONDS:g}), until Ctrl-C",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text = _json if options["json"] else _table
        if options["watch"] is not None:
            self._watch(text, options["watch"])
            return
        outbox = _look()
        self.stdout.write(text(outbox))
        if outbox.exit_status:
            sys.exit(outbox.exit_status)

    def _watch(self, text: Callable[[_Outbox], str], seconds: float) -> None:
        """Show it again and again until Ctrl-C, also while the store does not answer."""
        clear = CLEAR if self.stdout.isatty() else ""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                try:
                    shown = text(_look())
                except BackendUnavailable as error:
                    away = f"Not available: {error}"
                    shown = json.dumps({"error": away}) if text is _json else away
                self.stdout.write(clear + shown)
                self.stdout.flush()
                clock.sleep(seconds)


def _seconds(text: str) -> float:
    """Return a number of seconds. Raises ArgumentTypeError, also for what is no sensible one."""
    with contextlib.suppress(ValueError):
        if SHORTEST_SECONDS <= float(text) <= LONGEST_SECONDS:
            return float(text)
    raise ArgumentTypeError(f"valid are {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:.0f} seconds")


def _look() -> _Outbox:
    return _Outbox(shard_statuses(), dead_letters(MOST_DEAD_LETTERS))


def _json(outbox: _Outbox) -> str:
    return json.dumps(
        {
            "shards": [
                {
                    "shard": status.shard,
                    "depth": status.depth,
                    "oldestSeconds": status.oldest_seconds,
                    "holder": status.holder,
                }
                for status in outbox.shards
            ],
            "backlog": outbox.is_late,
            "deadLetters": [
                {
                    "eventId": event.event_id,
                    "eventType": event.event_type,
                    "entityId": event.entity_id,
                    "lastError": event.last_error,
                }
                for event in outbox.dead
            ],
        }
    )


def _table(outbox: _Outbox) -> str:
    more = " or more" if len(outbox.dead) == MOST_DEAD_LETTERS else ""
    lines = [
        f"{'shard':>5}  {'depth':>7}  {'oldest':>10}  lease",
        *map(_line, outbox.shards),
        "",
        f"dead letters: {len(outbox.dead)}{more}",
    ]
    lines += [
        f"  {event.event_id}  {event.event_type}  {event.entity_id}  {event.last_error}"
        for event in outbox.dead
    ]
    return "\n".join(lines)


def _line(status: ShardStatus) -> str:
    age = "-" if status.oldest_seconds is None else f"{status.oldest_seconds:.0f} s"
    return f"{status.shard:>5}  {status.depth:>7}  {age:>10}  {status.holder or '-'}"

"""`manage.py outbox_status`: how far the relay is behind."""

from typing import Any

from django.core.management.base import BaseCommand

from outbox.status import ShardStatus, dead_letters, shard_statuses

MOST_DEAD_LETTERS = 100


class Command(BaseCommand):
    help = "Show per shard how many events wait, how old the oldest is and who drains it."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{'shard':>5}  {'depth':>7}  {'oldest':>10}  lease")
        for status in shard_statuses():
            self.stdout.write(_line(status))
        dead = dead_letters(MOST_DEAD_LETTERS)
        more = " or more" if len(dead) == MOST_DEAD_LETTERS else ""
        self.stdout.write(f"\ndead letters: {len(dead)}{more}")
        for event in dead:
            self.stdout.write(
                f"  {event.event_id}  {event.event_type}  {event.entity_id}  {event.last_error}"
            )


def _line(status: ShardStatus) -> str:
    age = "-" if status.oldest_seconds is None else f"{status.oldest_seconds:.0f} s"
    return f"{status.shard:>5}  {status.depth:>7}  {age:>10}  {status.holder or '-'}"

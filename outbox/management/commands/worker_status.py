"""`manage.py worker_status`: whether the Celery worker of this machine does its work."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from celery.utils.nodenames import default_nodename, host_format
from django.core.management.base import BaseCommand, CommandError

from financial_api.kernel import deadline
from infra_backends import persistence
from infra_backends.exceptions import BackendUnavailable
from outbox import worker_health
from outbox.status import shard_statuses

STORE_SECONDS = 4.0


class Command(BaseCommand):
    help = (
        "Ask the Celery worker of this machine whether it turns, and the store how many events "
        "wait: one line each. Exit status: 0 both are well, 1 one is not."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--hostname", default="", help="the worker's own --hostname, where it was given one"
        )

    def handle(self, *args: Any, hostname: str, **options: Any) -> None:
        try:
            node = host_format(default_nodename(hostname))
        except (KeyError, ValueError) as error:
            raise CommandError(f"--hostname {hostname} is no name of a worker.") from error
        answers = [
            self._ask("worker", lambda: _worker(node)),
            self._ask("store", _store),
        ]
        if not all(answers):
            sys.exit(1)

    def _ask(self, whom: str, question: Callable[[], str]) -> bool:
        try:
            self.stdout.write(f"{whom}: {question()}")
        except (worker_health.WorkerIsUnwell, BackendUnavailable) as error:
            self.stderr.write(f"{whom}: {error}")
            return False
        return True


def _worker(node: str) -> str:
    seconds = worker_health.seconds_since_turn(node)
    return f"{node} turned {seconds:.1f} s ago"


def _store() -> str:
    if lines := persistence.missing():
        raise BackendUnavailable(" ".join(lines))
    with deadline.within(STORE_SECONDS):
        shards = shard_statuses()
    return f"{sum(shard.depth for shard in shards)} events wait in {len(shards)} shards"

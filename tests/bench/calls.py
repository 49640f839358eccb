"""How many round trips to DynamoDB does each request take?

Starts an emulator, sends every request that has a budget, and prints what it took:

    python -m tests.bench.calls
"""

import contextlib
import os
from collections import Counter

import django

from tests.support.emulators import CREDENTIALS, ministack

os.environ["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.test"
os.environ.update(CREDENTIALS)
django.setup()

from infra_backends import persistence  # noqa: E402
from outbox import wakeup  # noqa: E402
from tests.support.dynamodb import DynamoDBStore  # noqa: E402
from tests.support.round_trips import measure  # noqa: E402


def main() -> None:
    wakeup.nudge = lambda *shards: None
    with (
        ministack() as emulator,
        contextlib.closing(DynamoDBStore(emulator.url)) as store,
        store.serving() as backend,
        persistence.use(backend),
    ):
        costs = measure()
    print(f"{'request':<30}{'calls':>6}{'budget':>8}  operations")
    for cost in costs:
        operations = ", ".join(f"{n} {name}" for name, n in Counter(cost.operations).items())
        print(f"{cost.request:<30}{len(cost.operations):>6}{cost.budget:>8}  {operations}")


if __name__ == "__main__":
    main()

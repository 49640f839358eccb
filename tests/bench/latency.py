"""How long after its commit is an event published, by a Celery worker beside the API?

Starts an emulator, the API and a worker, has customers buy a thousand times, and prints how long
the events took:

    python -m tests.bench.latency
"""

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.test"
django.setup()

from infra_backends import persistence  # noqa: E402
from outbox.entities import Event, EventType  # noqa: E402
from tests.support.api import Customer, expect  # noqa: E402
from tests.support.plants import depth, plant  # noqa: E402
from tests.support.servers import running  # noqa: E402
from tests.support.workers import working  # noqa: E402

CUSTOMERS, EACH = 10, 100
PAUSE_SECONDS = 0.4


def buy(url: str) -> None:
    customer = Customer(url)
    card_id = customer.card()
    for _ in range(EACH):
        time.sleep(PAUSE_SECONDS)
        expect(customer.buy(card_id, 1), 201)
    customer.close()


def purchases() -> Iterator[Event]:
    after = None
    while True:
        page = persistence.outbox.page(None, None, after=after, limit=100)
        yield from (e for e in page.items if e.event_type is EventType.TRANSACTION_PURCHASE)
        after = page.next_position
        if after is None:
            return


def main() -> None:
    with plant() as place:
        environment = place.environment | {"THROTTLE": "off"}
        with (
            running(environment) as server,
            working(environment, "--beat", processes=2),
            ThreadPoolExecutor(CUSTOMERS) as pool,
        ):
            list(pool.map(buy, [server.url] * CUSTOMERS))
            while depth():
                time.sleep(0.1)
        seconds = sorted((e.sent_at - e.created_at).total_seconds() for e in purchases())
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{len(seconds)} events, from commit to published, in seconds")
    print(f"p50 {cuts[49]:.3f}   p90 {cuts[89]:.3f}   p99 {cuts[98]:.3f}   most {seconds[-1]:.3f}")


if __name__ == "__main__":
    main()

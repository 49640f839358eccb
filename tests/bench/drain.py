"""How fast is a drain, against the bare boto3 calls that it cannot avoid?

Starts an emulator, drains the same events in three ways, in turns, and prints events a second:

    python -m tests.bench.drain

- the relay, in this process
- a bare loop: pages of the pending index, PutEvents in tens, conditional marks in tens
- a loop of PutEvents in tens alone
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import django

from tests.support.emulators import CREDENTIALS, REGION

os.environ["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.test"
os.environ.update(CREDENTIALS)
django.setup()

import boto3  # noqa: E402

from financial_api.kernel import clock  # noqa: E402
from financial_api.kernel.clock import iso  # noqa: E402
from infra_backends import events  # noqa: E402
from infra_backends.aws.names import EVENT_SOURCE  # noqa: E402
from infra_backends.events import eventbridge  # noqa: E402
from outbox.relay import PAGE, Relay  # noqa: E402
from tests.support.plants import NAMES, Plant, depth, plant  # noqa: E402
from tests.support.relays import store_chains  # noqa: E402

ENTITIES, EACH, ROUNDS = 400, 5, 5
COUNT = ENTITIES * EACH
SHARDS = range(8)
TABLE = f"{NAMES.prefix}outbox"


def tens(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), 10):
        yield items[start : start + 10]


class StoppingRelay(Relay):
    """Stops as soon as nothing waits, where others linger for what may come."""

    def wait(self, seconds: float) -> bool:
        if seconds and not depth():
            self.stop()
        return super().wait(0)


def by_the_relay(place: Plant) -> None:
    bus = eventbridge.Backend(region=REGION, bus=NAMES.bus, endpoint_url=place.emulator.url)
    with events.use(bus):
        StoppingRelay().drain(600)
    bus.close()


class Bare:
    """The calls themselves, with nothing round them."""

    def __init__(self, place: Plant) -> None:
        session = boto3.Session(region_name=REGION)
        self._dynamodb = session.client("dynamodb", endpoint_url=place.emulator.url)
        self._bus = session.client("events", endpoint_url=place.emulator.url)

    def drain(self) -> None:
        for shard in SHARDS:
            while page := self._page(shard):
                for batch in tens(page):
                    self.put([item["eventId"]["S"] for item in batch])
                    self._mark(batch)

    def put_all(self) -> None:
        for ten in tens([f"event-{number}" for number in range(COUNT)]):
            self.put(ten)

    def put(self, event_ids: list[str]) -> None:
        detail = '{"payload": "' + "x" * 400 + '"}'
        self._bus.put_events(
            Entries=[
                {
                    "EventBusName": NAMES.bus,
                    "Source": EVENT_SOURCE,
                    "DetailType": event_id,
                    "Detail": detail,
                }
                for event_id in event_ids
            ]
        )

    def _page(self, shard: int) -> list[Any]:
        answer = self._dynamodb.query(
            TableName=TABLE,
            IndexName="PendingEvents",
            KeyConditionExpression="pendingShard = :s AND dueAt < :t",
            ExpressionAttributeValues={
                ":s": {"S": f"pending#{shard}"},
                ":t": {"S": iso(clock.now())},
            },
            Limit=PAGE,
        )
        items: list[Any] = answer["Items"]
        return items

    def _mark(self, batch: list[Any]) -> None:
        self._dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": TABLE,
                        "Key": {"eventId": item["eventId"]},
                        "UpdateExpression": "SET #s = :sent, version = :two "
                        "REMOVE pendingShard, dueAt",
                        "ConditionExpression": "version = :one",
                        "ExpressionAttributeNames": {"#s": "status"},
                        "ExpressionAttributeValues": {
                            ":sent": {"S": "sent"},
                            ":one": {"N": "1"},
                            ":two": {"N": "2"},
                        },
                    }
                }
                for item in batch
            ]
        )


def rate(drain: Callable[[], None]) -> float:
    began = time.perf_counter()
    drain()
    return COUNT / (time.perf_counter() - began)


def main() -> None:
    rates: dict[str, list[float]] = {"relay": [], "bare loop": [], "PutEvents alone": []}
    for _ in range(ROUNDS):
        with plant() as place:
            store_chains(ENTITIES, EACH)
            rates["relay"].append(rate(lambda: by_the_relay(place)))
        with plant() as place:
            bare = Bare(place)
            store_chains(ENTITIES, EACH)
            rates["bare loop"].append(rate(bare.drain))
            rates["PutEvents alone"].append(rate(bare.put_all))
    bare_rate = statistics.median(rates["bare loop"])
    print(f"{'drain of ' + str(COUNT) + ' events':<24}{'events/s':>10}{'of the bare loop':>18}")
    for name, measured in rates.items():
        median = statistics.median(measured)
        print(f"{name:<24}{median:>10.0f}{median / bare_rate:>18.2f}")


if __name__ == "__main__":
    main()

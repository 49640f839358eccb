"""An emulator with everything that the service needs, a store in it, and room for workers."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from infra_backends import persistence
from infra_backends.aws.names import Names
from infra_backends.persistence import dynamodb
from outbox import status
from tests.support.emulators import REGION, Emulator, ministack
from tests.support.servers import provisioned

NAMES = Names()


@dataclass(frozen=True, slots=True)
class Plant:
    """What a test of workers needs: the emulator, and the environment of worker processes."""

    emulator: Emulator
    environment: dict[str, str]

    def queue(self, name: str) -> str:
        return f"{self.emulator.url}/000000000000/{name}"


@contextlib.contextmanager
def plant() -> Iterator[Plant]:
    """Start an emulator; its store is this process's persistence until the block ends."""
    with ministack() as emulator, provisioned(emulator, NAMES.prefix) as environment:
        del environment["CELERY_BROKER_URL"]
        store = dynamodb.Backend(region=REGION, endpoint_url=emulator.url)
        with persistence.use(store):
            yield Plant(emulator, environment)
        store.close()


def depth() -> int:
    """Return how many events of the plant's store wait."""
    return sum(shard.depth for shard in status.shard_statuses())


def dead_letters() -> int:
    return len(status.dead_letters(10))

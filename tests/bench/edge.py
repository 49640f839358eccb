"""How the server bears crowds, or what it costs a request against that of an earlier commit.

    python -m tests.bench.edge
    python -m tests.bench.edge BASE [ROUNDS]

The first has crowds come and servers stop. The second clones BASE, starts `manage.py serve` of it
and of this tree, and asks both in turns, in one run: card detail in memory mode and purchases on
SQLite, at one connection and at sixteen that each ask again as soon as they are answered. A ratio
is the median of those of all rounds, of the present tree's time to the earlier one's; beside it are
the middle half of the rounds and the target.
"""

import contextlib
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.test"
django.setup()

from tests.bench import crowds  # noqa: E402
from tests.bench.wire import Connection, connected, request_bytes  # noqa: E402
from tests.support.api import Customer, new_key  # noqa: E402
from tests.support.servers import (  # noqa: E402
    ROOT,
    Environment,
    memory_environment,
    running,
    sqlite_environment,
)

ROUNDS, WARMING_UP = 60, 2
CONNECTIONS = (1, 16)
TREES = ("now", "before")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: where it is asked, how often in a round, and what it may take."""

    name: str
    environment: Callable[[], contextlib.AbstractContextManager[Environment]]
    request: Callable[[Customer, str], bytes]
    status: int
    in_a_round: int
    target: float


def card_detail(customer: Customer, card_id: str) -> bytes:
    return request_bytes("GET", f"/v1/cards/{card_id}", _headers(customer))


def purchase(customer: Customer, card_id: str) -> bytes:
    path = f"/v1/cards/{card_id}/transactions/purchases"
    headers = _headers(customer) | {"Idempotency-Key": new_key()}
    return request_bytes("POST", path, headers, b'{"amount": 0.01, "merchant": "Bench"}')


def _headers(customer: Customer) -> dict[str, str]:
    return {"Authorization": customer.http.headers["Authorization"]}


KINDS = (
    Kind("card detail", memory_environment, card_detail, 200, 320, 1.15),
    Kind("purchase", sqlite_environment, purchase, 201, 64, 1.1),
)


def main(base: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-edge-") as folder:
        trees = [Path(folder, name) for name in TREES]
        trees[0].symlink_to(ROOT)
        clone(base, trees[1])
        print(f"{'':<32}{'now':>9}{'before':>12}{'ratio':>8}{'middle half':>14}{'target':>8}")
        for kind in KINDS:
            with contextlib.ExitStack() as stack:
                urls = [stack.enter_context(served(kind, tree)) for tree in trees]
                for count in CONNECTIONS:
                    compare(kind, urls, count, rounds)


def clone(revision: str, folder: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", revision], check=True)


@contextlib.contextmanager
def served(kind: Kind, tree: Path) -> Iterator[str]:
    """Serve a tree with a store of its own, by a new interpreter; nobody is shed or throttled."""
    with kind.environment() as environment, running(environment, tree=tree, THROTTLE="off") as it:
        yield it.url


def compare(kind: Kind, urls: Sequence[str], count: int, rounds: int) -> None:
    """Ask each server in turns, and print what a request took of each."""
    with contextlib.ExitStack() as stack:
        clients = [[stack.enter_context(client(kind, url)) for _ in range(count)] for url in urls]
        seconds: list[list[float]] = [[], []]
        for number in range(rounds + WARMING_UP):
            for place in (0, 1) if number % 2 else (1, 0):
                taken = seconds_each(clients[place], kind)
                if number >= WARMING_UP:
                    seconds[place].append(taken)
    ratios = [now / before for now, before in zip(*seconds, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    now, before = (1e6 * statistics.median(taken) for taken in seconds)
    name = f"{kind.name}, {count} connection{'s' * (count > 1)}"
    print(
        f"{name:<32}{now:>6.0f} µs{before:>9.0f} µs{middle:>8.2f}"
        f"{f'{low:.2f} to {high:.2f}':>14}{kind.target:>8.2f}",
        flush=True,
    )


@dataclass(frozen=True, slots=True)
class Client:
    """A connection with a customer and a card of its own."""

    connection: Connection
    customer: Customer
    card_id: str


@contextlib.contextmanager
def client(kind: Kind, url: str) -> Iterator[Client]:
    customer = Customer(url)
    try:
        card_id = customer.card()
        with connected(url) as connection:
            yield Client(connection, customer, card_id)
    finally:
        customer.close()


def seconds_each(clients: Sequence[Client], kind: Kind) -> float:
    """Return how long a request took where all connections are kept busy."""
    share = kind.in_a_round // len(clients)
    asked = [[kind.request(one.customer, one.card_id) for _ in range(share)] for one in clients]
    with selectors.DefaultSelector() as answered:
        started = time.perf_counter()
        for one, requests in zip(clients, asked, strict=True):
            answered.register(one.connection, selectors.EVENT_READ, (one.connection, requests))
            one.connection.send(requests.pop())
        while answered.get_map():
            for key, _ in answered.select():
                connection, requests = key.data
                status, body = connection.receive()
                assert status == kind.status, body
                if requests:
                    connection.send(requests.pop())
                else:
                    answered.unregister(connection)
        return (time.perf_counter() - started) / (share * len(clients))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS)
    else:
        crowds.main()

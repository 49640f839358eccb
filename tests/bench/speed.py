"""How fast is the service, next to what it cannot be faster than? One table, each row a ratio.

    python -m tests.bench.speed

- card detail in memory mode, over HTTP, against a bare Django view on the same server that returns
  the same bytes, with none of the service's middleware and with all of it
- a purchase on the AWS emulator, over HTTP, against the two calls that it cannot avoid, by boto3
- requests a second by number of workers, on PostgreSQL and on SQLite, where purchases wait for the
  one writer that a file can have
- memory of a worker over 100,000 requests, on SQLite

What is compared is measured in turns, in one run, so that a busy machine slows both.
"""

import contextlib
import json
import operator
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import django

from tests.support.emulators import CREDENTIALS

os.environ["DJANGO_SETTINGS_MODULE"] = "financial_api.settings.test"
os.environ.update(CREDENTIALS)
django.setup()

from django.conf import settings  # noqa: E402

from outbox import wakeup  # noqa: E402
from tests.bench.unavoidable import Unavoidable  # noqa: E402
from tests.bench.wire import connected, request_bytes, seconds_each  # noqa: E402
from tests.support.api import Customer, expect, new_key  # noqa: E402
from tests.support.plants import plant  # noqa: E402
from tests.support.ports import free_port  # noqa: E402
from tests.support.servers import (  # noqa: E402
    RunningServer,
    memory_environment,
    postgresql_environment,
    running,
    sqlite_environment,
)

ROUNDS, READS, PURCHASES = 15, 400, 60
LOAD_SECONDS, CLIENTS, CONNECTIONS = 4.0, 2, 8
MEMORY_REQUESTS, MEMORY_STEP = 100_000, 20_000
QUIET = {"THROTTLE": "off"}
STORES = {"PostgreSQL": postgresql_environment, "SQLite": sqlite_environment}


def main() -> None:
    wakeup.nudge = lambda *shards: None
    print(f"{'':<58}{'ours':>11}{'theirs':>11}{'ratio':>8}")
    card_detail()
    purchase()
    throughput()
    memory()


def row(name: str, ours: float, theirs: float, unit: str, ratio: float | None = None) -> None:
    ratio = ours / theirs if ratio is None else ratio
    print(f"{name:<58}{ours:>8.0f} {unit}{theirs:>8.0f} {unit}{ratio:>8.2f}", flush=True)


def compare(name: str, ours: Sequence[float], theirs: Sequence[float]) -> None:
    """Print the medians of rounds that were run in turns, and that of the ratio within a round."""
    ratio = statistics.median(map(operator.truediv, ours, theirs))
    row(name, 1e6 * statistics.median(ours), 1e6 * statistics.median(theirs), "µs", ratio)


def card_detail() -> None:
    """Compare the endpoint with a view that already has the answer."""
    with memory_environment() as environment, running(environment, **QUIET) as server:
        customer = Customer(server.url)
        path = f"/v1/cards/{customer.card()}"
        body = customer.get(path).content
        asked = [request_bytes("GET", path, _headers(customer))] * READS
        with (
            bare_server(body) as bare,
            bare_server(body, environment) as clad,
            contextlib.ExitStack() as stack,
        ):
            connections = [stack.enter_context(connected(url)) for url in (server.url, bare, clad)]
            assert connections[0].ask(asked[0])[1] == connections[1].ask(asked[0])[1]
            rounds = [
                [seconds_each(connection, asked, 200) for connection in connections]
                for _ in range(ROUNDS)
            ]
    ours, theirs, clad_theirs = zip(*rounds, strict=True)
    compare("card detail, against a bare view", ours, theirs)
    compare("card detail, against a bare view behind our middleware", ours, clad_theirs)


def purchase() -> None:
    """Compare a purchase with the two calls to DynamoDB that it is made of."""
    with plant() as place, running(place.environment | QUIET) as server:
        customer = Customer(server.url)
        path = f"/v1/cards/{customer.card()}/transactions/purchases"
        calls = Unavoidable(place.emulator.url)
        ours, theirs = [], []
        with connected(server.url) as connection:
            for _ in range(ROUNDS):
                asked = [
                    request_bytes(
                        "POST",
                        path,
                        _headers(customer) | {"Idempotency-Key": new_key()},
                        b'{"amount": 0.01, "merchant": "Bench"}',
                    )
                    for _ in range(PURCHASES)
                ]
                ours.append(seconds_each(connection, asked, 201))
                theirs.append(calls.seconds_each(PURCHASES))
    compare("purchase on DynamoDB, against bare boto3 calls", ours, theirs)


def throughput() -> None:
    """Count what several clients get answered, by number of workers."""
    for store, opened in STORES.items():
        alone: dict[str, float] = {}
        with opened() as environment:
            for workers in (1, 2, 3):
                with running(environment | QUIET, WORKERS=str(workers)) as server:
                    for kind in ("card detail", "purchase"):
                        rate = load(server, kind)
                        base = alone.setdefault(kind, rate)
                        row(f"{kind} on {store}, {workers} workers, against 1", rate, base, "/s")


def load(server: RunningServer, kind: str) -> float:
    """Return the requests that are answered in a second, over several processes of clients."""
    with ProcessPoolExecutor(CLIENTS) as pool:
        counts = pool.map(answered, [server.url] * CLIENTS, [kind] * CLIENTS)
        return sum(counts) / LOAD_SECONDS


def answered(url: str, kind: str) -> int:
    """Ask on several connections in turns, each with customers of its own; return how often."""
    customers = [Customer(url) for _ in range(CONNECTIONS)]
    cards = [customer.card() for customer in customers]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(url)) for _ in customers]
        count, ends_at = 0, time.monotonic() + LOAD_SECONDS
        while time.monotonic() < ends_at:
            requests = [_request(kind, *one) for one in zip(customers, cards, strict=True)]
            for connection, request in zip(connections, requests, strict=True):
                connection.send(request)
            for connection in connections:
                status, body = connection.receive()
                assert status in {200, 201}, body
                count += 1
    return count


def _request(kind: str, customer: Customer, card_id: str) -> bytes:
    if kind == "card detail":
        return request_bytes("GET", f"/v1/cards/{card_id}", _headers(customer))
    headers = _headers(customer) | {"Idempotency-Key": new_key()}
    path = f"/v1/cards/{card_id}/transactions/purchases"
    return request_bytes("POST", path, headers, b'{"amount": 0.01}')


def memory() -> None:
    """Watch what one worker needs while it answers reads, replays and refusals."""
    with sqlite_environment() as environment, running(environment | QUIET) as server:
        customer = Customer(server.url)
        card_id = customer.card()
        key = new_key()
        expect(customer.buy(card_id, 1, key=key), 201)
        replay = request_bytes(
            "POST",
            f"/v1/cards/{card_id}/transactions/purchases",
            _headers(customer) | {"Idempotency-Key": key},
            json.dumps({"amount": 1}).encode(),
        )
        kinds = [
            (request_bytes("GET", f"/v1/cards/{card_id}", _headers(customer)), 200),
            (request_bytes("GET", "/v1/dashboard", _headers(customer)), 200),
            (request_bytes("GET", "/v1/dashboard"), 401),
            (replay, 200),
        ]
        sizes = []
        with connected(server.url) as connection:
            for _ in range(0, MEMORY_REQUESTS, MEMORY_STEP):
                for request, status in kinds:
                    seconds_each(connection, [request] * (MEMORY_STEP // len(kinds)), status)
                sizes.append(worker_kibibytes(server))
    row(
        f"memory after {MEMORY_REQUESTS:,} requests, against {MEMORY_STEP:,}",
        sizes[-1] / 1024,
        sizes[0] / 1024,
        "MiB",
    )


def worker_kibibytes(server: RunningServer) -> int:
    """Return the resident memory of the server's workers."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    total = 0
    for child in children.read_text().split():
        for line in Path(f"/proc/{child}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


@contextlib.contextmanager
def bare_server(body: bytes, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Serve a bare view: alone, or behind the middleware of the settings in an environment."""
    port = free_port()
    variables = os.environ | {"BARE_BODY": body.decode()} | (environment or {})
    variables |= {"SECRET_KEY": settings.SECRET_KEY}
    if environment is None:
        del variables["DJANGO_SETTINGS_MODULE"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare_server", str(port)],
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), connected(f"http://127.0.0.1:{port}"):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(15)


def _headers(customer: Customer) -> dict[str, str]:
    return {"Authorization": customer.http.headers["Authorization"]}


if __name__ == "__main__":
    sys.exit(main())

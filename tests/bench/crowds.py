"""How a server bears crowds, and how soon it stops: a figure in each row, beside its target."""

import contextlib
import functools
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from financial_api.serving.edge import STOP_SECONDS
from tests.support.api import Customer, eventually, expect
from tests.support.crowds import LIVENESS, Crowd, kept_request, live
from tests.support.processes import descriptors, mebibytes, threads, workers_of
from tests.support.raw_http import request
from tests.support.servers import ROOT, RunningServer, memory_environment, running
from tests.support.stopping import press_ctrl_c, terminate
from tests.support.strangers import CROWD, HALF_BODIES, strangers

LOOKS = 20
IDLE, POLITE, POLITE_SECONDS, BURST = 2_000, 500, 4.0, 600
STOPS = 10


def main() -> None:
    measure("idle and polite clients", idle_and_polite)
    for kind, (bodies, _) in HALF_BODIES.items():
        measure(f"bodies {kind}", functools.partial(half_sent, kind, bodies))
    measure("a burst", burst)
    measure("stops", stops)


def measure(name: str, figures: Callable[[], None]) -> None:
    """Print figures, or what keeps them from being had."""
    try:
        figures()
    except (httpx.TransportError, OSError, AssertionError) as error:
        print(f"{name}: {type(error).__name__}: {str(error)[:200]}", flush=True)


def row(name: str, figure: str, target: str) -> None:
    print(f"{name:<62}{figure:>12}{target:>12}", flush=True)


@contextlib.contextmanager
def served() -> Iterator[RunningServer]:
    """Serve this tree by a new interpreter, which shares no memory with this one."""
    with tempfile.TemporaryDirectory(prefix="bench-crowds-") as folder:
        tree = Path(folder, "now")
        tree.symlink_to(ROOT)
        with (
            memory_environment() as environment,
            running(environment, tree=tree, THROTTLE="off") as server,
        ):
            yield server


def seconds(ask: Callable[[], httpx.Response], status: int) -> float:
    started = time.perf_counter()
    expect(ask(), status)
    return time.perf_counter() - started


def idle_and_polite() -> None:
    """Have idle clients, and polite ones that take turns, a share of them with each look."""
    with served() as server, contextlib.ExitStack() as stack:
        stack.enter_context(Crowd(server.url, [b""] * IDLE))
        shares = [
            stack.enter_context(Crowd(server.url, [b""] * (POLITE // LOOKS))) for _ in range(LOOKS)
        ]
        slowest, asked = 0.0, 0
        for share in shares * 3:
            began = time.perf_counter()
            share.say(kept_request("GET", LIVENESS))
            asked += POLITE // LOOKS
            slowest = max(slowest, seconds(lambda: live(server), 200))
            time.sleep(max(0.0, began + POLITE_SECONDS / LOOKS - time.perf_counter()))
        eventually(lambda: sum(len(share.statuses()) for share in shares) == asked)
        refused = sum(status != 200 for share in shares for status in share.statuses())
        [worker] = workers_of(server)
        name = f"{IDLE:,} idle and {POLITE} polite clients: "
        row(f"{name}slowest liveness", f"{slowest:.3f} s", "0.5 s")
        row(f"{name}refused", f"{refused}", "0")
        row(f"{name}memory of a worker", f"{mebibytes(worker):.0f} MiB", "200 MiB")


def half_sent(kind: str, bodies: Callable[[], list[bytes]]) -> None:
    """Have half-sent bodies and silent connections, and another user who buys."""
    with served() as server, contextlib.closing(Customer(server.url)) as customer:
        card_id = customer.card()
        [worker] = workers_of(server)
        with Crowd(server.url, [request("GET", "/v1/offers")] * BURST) as warming_up:
            eventually(warming_up.is_gone)
        before = descriptors(worker), threads(worker)
        with Crowd(server.url, bodies()), Crowd(server.url, [b""] * CROWD):
            looks = [seconds(lambda: live(server), 200) for _ in range(LOOKS)]
            bought = [seconds(lambda: customer.buy(card_id, 1), 201) for _ in range(LOOKS)]
        name = f"{CROWD} bodies {kind}, {CROWD} silent: "
        row(f"{name}slowest liveness", f"{max(looks):.3f} s", "1 s")
        row(f"{name}slowest purchase", f"{max(bought):.3f} s", "1 s")
        with contextlib.suppress(AssertionError):
            eventually(lambda: descriptors(worker) <= before[0] and threads(worker) <= before[1])
        left = descriptors(worker) - before[0], threads(worker) - before[1]
        row(f"{name}descriptors, threads left", f"{left[0]}, {left[1]}", "0, 0")


def burst() -> None:
    with served() as server:
        started = time.perf_counter()
        with Crowd(server.url, [request("GET", "/v1/offers")] * BURST) as crowd:
            eventually(crowd.is_gone)
            took = time.perf_counter() - started
            statuses = Counter(crowd.statuses())
        answered = f"{statuses.total() - statuses[503]} of {BURST}"
        row(f"a burst of {BURST} new connections: answered and not shed", answered, f"{BURST}")
        row(f"a burst of {BURST} new connections: all answered", f"{took:.2f} s", "")


def stops() -> None:
    """Stop servers in a row, by SIGTERM and as Ctrl-C does."""
    for company, target in ((contextlib.nullcontext, "1 s"), (strangers, "3 s")):
        slowest, killed = 0.0, 0
        for tell in itertools.islice(itertools.cycle((terminate, press_ctrl_c)), STOPS):
            with served() as server, company(server):
                told_at = tell(server)
                server.process.wait(60)
                took = time.monotonic() - told_at
                slowest = max(slowest, took)
                killed += took >= STOP_SECONDS or "kill" in server.log.read_text()
        name = f"{STOPS} stops {'among strangers' if company is strangers else 'alone'}: "
        row(f"{name}slowest", f"{slowest:.2f} s", target)
        row(f"{name}workers killed", f"{killed}", "0")

"""Processes that drain an outbox, over a transport that is as bad as transports get.

    python -m tests.support.drainer FOLDER

starts the others: it loads everything once, and forks at each line of its standard input, which
is far cheaper than to start a process that is soon killed again. It answers with a line.

    seed ENTITIES EACH    fork a process that fills the outbox; the answer is its id
    drain NAME            fork one that drains until SIGTERM
    report SECONDS        fork one that waits so long for an empty outbox, and writes down what is
    wait ID               wait for one to end; the answer is its exit status, or minus the signal

Their clock is faster than the machine's, in every process alike and on both of its faces: leases,
retries, pauses and lingering all shrink by one factor and stay what they are to each other, so
none of the relay's constants is touched.
"""

import json
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django

django.setup()

from financial_api.kernel import clock  # noqa: E402
from infra_backends import events, persistence  # noqa: E402
from infra_backends.events.base import EventsBackend, Result  # noqa: E402
from infra_backends.exceptions import BackendUnavailable  # noqa: E402
from outbox.entities import Event, EventStatus  # noqa: E402
from outbox.relay import Relay  # noqa: E402
from tests.support.relays import HastyClock, store_chains  # noqa: E402

SPEED = 4
"""A lease of 10 seconds is 2.5 here: few enough to be waited for, too many for a mere hiccup."""
ANSWER_SECONDS = 0.03
"""How long a transport takes to answer for what it has already delivered."""
REJECTED_SHARE = 0.01
FAILED_SHARE = 0.02
LOST_SHARE = 0.01
"""How many entries are rejected, how many calls fail before and after they have had an effect."""
AWAY = "away"
PUBLISHED = "published"
LOST = "lost"


class BadTransport(EventsBackend):
    """Appends each published event as a line to a file that several processes share.

    It is away for as long as there is a file called `away` beside it. A line `lost` says how many
    of the lines before it belong to a call whose answer was lost.
    """

    def __init__(self, folder: Path, seed: str) -> None:
        self._away = folder / AWAY
        self._file = os.open(folder / PUBLISHED, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._random = random.Random(seed)

    def publish(self, events: Sequence[Event]) -> Sequence[Result]:
        if self._away.exists() or self._random.random() < FAILED_SHARE:
            raise BackendUnavailable("the bus is away")
        is_lost = self._random.random() < LOST_SHARE
        rejections = [
            "rejected" if self._random.random() < REJECTED_SHARE else None for _ in events
        ]
        lines = [
            f"{event.event_id} {event.entity_id} {event.sequence_number}\n"
            for event, rejection in zip(events, rejections, strict=True)
            if rejection is None
        ]
        if is_lost:
            lines.append(f"{LOST} {len(lines)}\n")
        os.write(self._file, "".join(lines).encode())
        time.sleep(ANSWER_SECONDS)
        if is_lost:
            raise BackendUnavailable("the answer was lost")
        return rejections


def drain(folder: Path, name: str) -> None:
    """Drain until SIGTERM, as `manage.py outbox_relay` does; an orphan stops by itself."""
    relay, parent = Relay(), os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: relay.stop())
    logging.getLogger("outbox").setLevel(logging.INFO)
    with events.use(BadTransport(folder, name)):
        while not relay.is_stopping and os.getppid() == parent:
            try:
                relay.drain()
            except BackendUnavailable:
                logging.getLogger(__name__).exception("the store is away")
            relay.wait(2.0 / SPEED)


def report(seconds: float) -> dict[str, Any]:
    """Return what has become of all events, once the outbox is empty or time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and persistence.outbox.oldest_unsent() is not None:
        time.sleep(0.1)
    stored: list[Event] = []
    after = None
    while True:
        page = persistence.outbox.page(None, None, after=after, limit=1000)
        stored.extend(page.items)
        after = page.next_position
        if after is None:
            break
    return {
        "statuses": Counter(str(event.status) for event in stored),
        "retried": sum(event.retry_count > 0 for event in stored),
        "unsent": [e.event_id for e in stored if e.status is not EventStatus.SENT][:10],
    }


def run(folder: Path, role: str, *arguments: str) -> None:
    """Do what a forked process is for."""
    if role == "seed":
        store_chains(*map(int, arguments))
    elif role == "drain":
        drain(folder, " ".join(arguments))
    elif role == "report":
        (folder / "report").write_text(json.dumps(report(float(arguments[0]))))


def fork(folder: Path, role: str, *arguments: str) -> int:
    """Return the id of a new process that has a role."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        run(folder, role, *arguments)
        status = 0
    except BaseException:
        logging.getLogger(__name__).exception("%s broke", role)
    finally:
        os._exit(status)


def main(folder: Path) -> None:
    for line in sys.stdin:
        role, *arguments = line.split()
        if role == "wait":
            answer = os.waitstatus_to_exitcode(os.waitpid(int(arguments[0]), 0)[1])
        else:
            answer = fork(folder, role, *arguments)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with clock.installed(HastyClock(SPEED)):
        main(Path(sys.argv[1]))

"""A program that has one process after another killed in the middle of a request.

    python -m tests.faults.dying payment

Each child sends the request over a database that it shares with the others, and is killed with
SIGKILL at the n-th thing its connection does; another then looks at what is left and tries again.
Prints where each was killed and whether its request was done, a line of JSON for each.
"""

import itertools
import json
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

from financial_api.kernel import clock  # noqa: E402
from infra_backends import persistence  # noqa: E402
from outbox import wakeup  # noqa: E402
from tests.faults.aftermath import KEY, check_aftermath, unbroken  # noqa: E402
from tests.faults.scenarios import SCENARIOS, Cast, Scenario  # noqa: E402
from tests.support.api import Api  # noqa: E402
from tests.support.clocks import EndlessClock  # noqa: E402
from tests.support.in_process import URL, in_process  # noqa: E402
from tests.support.round_trips import round_trips_announced  # noqa: E402
from tests.support.statements import commits_announced  # noqa: E402

announced = commits_announced if settings.DATABASES else round_trips_announced

Tell = Callable[[Any], None]


def main(scenario: Scenario) -> None:
    """Kill at one step after another, until a child comes to the end of its request."""
    wakeup.nudge = lambda *shards: None
    # Load what no child shall have to load again, and hand no connection down.
    in_process(Api(URL)).get("/health/liveness")
    persistence.ping()
    persistence.close()
    before, after = in_child(lambda tell: tell(unbroken(persistence, scenario)))
    for number in itertools.count():
        name = f"{scenario.name}-{number}"
        prepared = in_child(lambda tell, name=name: tell(_prepare(scenario, name)))

        def die(tell: Tell, name: str = name, prepared: Any = prepared, at: int = number) -> None:
            send_and_die(scenario, Cast.again(name, *prepared), at, tell)

        died_at = in_child(die, killed=True)
        if died_at is None:
            return

        def look(tell: Tell, name: str = name, prepared: Any = prepared) -> None:
            cast = Cast.again(name, *prepared)
            tell(check_aftermath(persistence, scenario, cast, before, after))

        print(json.dumps([died_at, in_child(look)]), flush=True)  # noqa: T201


def _prepare(scenario: Scenario, name: str) -> tuple[str, str]:
    cast = scenario.cast(name)
    return cast.card, cast.request


def send_and_die(scenario: Scenario, cast: Cast, number: int, tell: Tell) -> None:
    """Send the request; tell at which step it was killed, or None when it has not so many.

    What other threads do, such as reading the configuration again, is no step of the request.
    """
    steps = itertools.count()
    thread = threading.get_ident()

    def die(step: str) -> None:
        if threading.get_ident() == thread and next(steps) == number:
            tell(step)
            os.kill(os.getpid(), signal.SIGKILL)

    with announced(die):
        scenario.send(cast, KEY)
    tell(None)


def in_child(work: Callable[[Tell], None], *, killed: bool = False) -> Any:
    """Run `work` in a process of its own and return what it tells.

    Raises when the process fails, or when it was `killed` without being expected to be.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _be_a_child(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pickle.load(pipe)  # noqa: S301  # written by our own child
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    expected = -signal.SIGKILL if killed and told is not None else 0
    assert status == expected, f"a child ended with {status}"
    return told


def _be_a_child(work: Callable[[Tell], None], writing: int) -> None:
    status = 1
    try:
        work(lambda result: os.write(writing, pickle.dumps(result)))
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)


if __name__ == "__main__":
    with clock.installed(EndlessClock()):
        main(next(scenario for scenario in SCENARIOS if scenario.name == sys.argv[1]))

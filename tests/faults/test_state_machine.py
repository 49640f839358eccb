"""Anything, in any order: after every step all that is stored fits together and is the model's.

The requests go through the whole HTTP edge, middleware and views, but in the test's own process:
for days to pass the clock must be moved, and the store is read after each step. Sockets and
servers are what `tests/contract` runs over.

The steps are the same in every run. For more of them, and for others:

    STATE_MACHINE_STEPS=20000 STATE_MACHINE_SEED=7 pytest tests/faults/test_state_machine.py

A failure shows all steps that led to it; STATE_MACHINE_SHRINK=1 looks for the fewest, which takes
minutes.
"""

import itertools
import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django.plugin import DjangoDbBlocker

from tests.faults.machine import ServiceMachine, Tally
from tests.support.store import Store

STEPS = int(os.environ.get("STATE_MACHINE_STEPS", "2000"))
SEED = os.environ.get("STATE_MACHINE_SEED", "2")
SHRINKS = "STATE_MACHINE_SHRINK" in os.environ

SETTINGS = settings(
    max_examples=10,  # from the eleventh on Hypothesis mostly repeats parts of those before
    stateful_step_count=50,
    derandomize=True,
    database=None,
    phases=[phase for phase in Phase if SHRINKS or phase not in {Phase.shrink, Phase.explain}],
    report_multiple_bugs=False,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

SUCCESSES = {
    *("register", "request_card", "purchase", "payment", "score", "approve", "reject"),
    *("suspend", "reactivate", "cancel", "disable", "enable"),
}
REFUSALS = {
    "ACCOUNT_DISABLED",
    "CARD_ALREADY_EXISTS",
    "CARD_REQUEST_EXISTS",
    "INSUFFICIENT_CREDIT",
    "INVALID_STATE_TRANSITION",
    "LIMIT_EXCEEDS_POLICY",
    "NOT_FOUND",
    "REQUEST_ALREADY_PROCESSED",
    "VALIDATION_ERROR",
}


class Batch:
    """Makes the machines of some examples; Hypothesis draws its luck from the name."""

    def __init__(self, number: int, store: Store, tally: Tally) -> None:
        self.__name__ = f"{SEED}-{number}"
        self._store, self._tally = store, tally

    def __call__(self) -> ServiceMachine:
        return ServiceMachine(self._store, self._tally)


def test_every_answer_is_the_models_and_all_that_is_stored_fits_together(
    store: Store, django_db_blocker: DjangoDbBlocker
) -> None:
    tally = Tally()

    with django_db_blocker.unblock():
        for number in itertools.count():
            run_state_machine_as_test(Batch(number, store, tally), settings=SETTINGS)
            if tally.steps >= STEPS:
                break

    assert tally.steps >= STEPS
    assert {what for what, outcome in tally.outcomes if outcome == "success"} == SUCCESSES
    assert {"success", "replay", *REFUSALS} == {outcome for _, outcome in tally.outcomes}

"""What must be found after a request was broken off, and what its retry must be answered."""

import itertools
from collections.abc import Callable
from typing import Any

import httpx

from infra_backends.persistence.base import PersistenceBackend
from tests.faults.scenarios import Cast, Scenario, shape
from tests.support.everything import look
from tests.support.in_process import forget
from tests.support.invariants import check_everything, check_rows

KEY = "the-same-key"
FEWEST_STEPS = 4

BreakOff = Callable[[Cast, int], str | None]
"""Sends a request under `KEY` and breaks it off at its n-th step, which it returns; None if it was
over before."""


def look_at(backend: PersistenceBackend, cast: Cast) -> dict[str, Any]:
    """Return what somebody has; fail unless all rows of theirs fit together."""
    found = look(backend, [cast.customer.ecosystem_id], [cast.admin.ecosystem_id], alone=True)
    check_rows(found)
    return shape(found, cast)


def unbroken(backend: PersistenceBackend, scenario: Scenario) -> tuple[Any, Any]:
    """Run a scenario to its end, and return what somebody has before and after it."""
    cast = scenario.cast(f"{scenario.name}-unbroken")
    before = look_at(backend, cast)
    response = scenario.send(cast, KEY)
    assert response.status_code == (scenario.refusal or scenario.success), response.text
    return before, look_at(backend, cast)


def check_aftermath(
    backend: PersistenceBackend, scenario: Scenario, cast: Cast, before: Any, after: Any
) -> bool:
    """Fail unless all or nothing was done, and a retry does the rest; return if it was all."""
    found = look_at(backend, cast)
    assert found in (before, after)
    response = scenario.send(cast, KEY)
    if scenario.refusal is not None:
        assert response.status_code == scenario.refusal, response.text
        again = look_at(backend, cast)
        assert _failed(again) == _failed(found) + 1
        return bool(found == after)
    _check_retry(scenario, response, was_done=found == after)
    if scenario.takes_key:
        replay = scenario.send(cast, KEY)
        assert (replay.status_code, replay.content) == (200, response.content)
    assert look_at(backend, cast) == after
    return bool(found == after)


def _check_retry(scenario: Scenario, response: httpx.Response, *, was_done: bool) -> None:
    assert response.status_code == (200 if was_done else scenario.success), response.text
    assert ("Idempotent-Replayed" in response.headers) == (was_done and scenario.takes_key)


def _failed(found: dict[str, Any]) -> int:
    return sum(row[2] == "failed" for rows in found["transactions"] for row in rows)


def check_every_point(
    backend: PersistenceBackend,
    scenario: Scenario,
    break_off: BreakOff,
) -> set[bool]:
    """Break a scenario off at one step after another, each time with other people.

    Returns whether it was done: True, False, or both of them.
    """
    before, after = unbroken(backend, scenario)
    points: list[tuple[str, bool]] = []
    for number in itertools.count():
        cast = scenario.cast(f"{number}")
        forget()
        where = break_off(cast, number)
        if where is None:
            break
        forget()
        points.append((where, check_aftermath(backend, scenario, cast, before, after)))
    assert len(points) >= FEWEST_STEPS, points
    was_done = [done for _, done in points]
    assert was_done == sorted(was_done), f"done, and then undone: {points}"
    check_everything(backend)
    return set(was_done)

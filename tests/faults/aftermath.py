"""What must be found after a request was broken off, and what its retry must be answered."""

import itertools
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx

from financial_api.kernel import clock, deadline
from infra_backends.persistence.base import PersistenceBackend
from tests.faults.scenarios import Cast, Scenario, shape
from tests.support.api import error_of
from tests.support.breaking import Outage
from tests.support.everything import look
from tests.support.in_process import forget
from tests.support.invariants import check_everything, check_rows

KEY = "the-same-key"
FEWEST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Point:
    """Where something befell a request, and what its client was told; None is nothing."""

    step: str
    told: httpx.Response | None = None


BreakOff = Callable[[Cast, int], Point | None]
"""Sends a request under `KEY` and has something befall it at its n-th step; None if it was over
before."""

During = Callable[[Outage], AbstractContextManager[object]]
"""Has something fail for as long as an outage lasts."""


def sent_in_time(scenario: Scenario, during: During, length: float = 1) -> BreakOff:
    """Return what sends a request with an outage from its n-th step on, `length` steps long.

    It fails when the answer took longer than a request may.
    """

    def fail(cast: Cast, number: int) -> Point | None:
        outage = Outage(number, length)
        started_at = clock.monotonic()
        with during(outage):
            told = scenario.send(cast, KEY)
        assert clock.monotonic() - started_at <= deadline.REQUEST_SECONDS
        return Point(outage.befell[0], told) if outage.befell else None

    return fail


def look_at(backend: PersistenceBackend, cast: Cast) -> dict[str, Any]:
    """Return what somebody has; fail unless all rows of theirs fit together."""
    found = look(backend, [cast.customer.ecosystem_id], [cast.admin.ecosystem_id], alone=True)
    check_rows(found)
    return shape(found, cast)


def unbroken(backend: PersistenceBackend, scenario: Scenario) -> tuple[Any, Any]:
    """Run a scenario to its end, and return what somebody has before and after it."""
    cast = scenario.cast(f"{scenario.name.replace(' ', '-')}-unbroken")
    before = look_at(backend, cast)
    response = scenario.send(cast, KEY)
    assert response.status_code == (scenario.refusal or scenario.success), response.text
    return before, look_at(backend, cast)


def check_aftermath(
    backend: PersistenceBackend,
    scenario: Scenario,
    cast: Cast,
    before: Any,
    after: Any,
    told: httpx.Response | None = None,
) -> bool:
    """Fail unless all or nothing was done, and a retry does the rest; return if it was all.

    `told` is what the client was told, if it was told anything.
    """
    found = look_at(backend, cast)
    was_done: bool = found == after
    assert was_done or found == before
    if told is not None:
        _check_told(scenario, told, was_done=was_done)
    response = scenario.send(cast, KEY)
    if scenario.refusal is not None:
        assert response.status_code == scenario.refusal, response.text
        assert _failed(look_at(backend, cast)) == _failed(found) + 1
        return was_done
    _check_retry(scenario, response, was_done=was_done)
    if scenario.takes_key:
        replay = scenario.send(cast, KEY)
        assert (replay.status_code, replay.content) == (200, response.content)
    assert look_at(backend, cast) == after
    return was_done


def is_answer(scenario: Scenario, told: httpx.Response) -> bool:
    """Return whether a client was told what it is told when nothing fails."""
    return told.status_code == (scenario.refusal or scenario.success)


def _check_told(scenario: Scenario, told: httpx.Response, *, was_done: bool) -> None:
    """Fail unless a client was told the truth: done, or not done, or to come again and see.

    A command that was tried again after it had been done, unbeknown to it, is told as a replay.
    """
    if is_answer(scenario, told):
        assert was_done, told.text
    elif told.status_code == httpx.codes.OK:
        _check_retry(scenario, told, was_done=True)
        assert was_done, told.text
    elif told.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        error_of(told, 503, "SERVICE_UNAVAILABLE")
        assert int(told.headers["Retry-After"]) >= 1
    else:
        error_of(told, 409, "VERSION_CONFLICT")
        assert not was_done


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
    points = check_points(backend, scenario, "", break_off, before, after)
    assert len(points) >= FEWEST_STEPS, points
    check_everything(backend)
    return {done for _, done in points}


def check_points(
    backend: PersistenceBackend,
    scenario: Scenario,
    name: str,
    break_off: BreakOff,
    before: Any,
    after: Any,
    steps: Iterable[int] | None = None,
) -> list[tuple[Point, bool]]:
    """Break a scenario off at one step after another, with people who are called by `name`.

    Returns where, and each time whether it was done: from some step on always.
    """
    points: list[tuple[Point, bool]] = []
    for number in itertools.count() if steps is None else steps:
        cast = scenario.cast(f"{name}{number}")
        forget()
        point = break_off(cast, number)
        if point is None:
            break
        forget()
        done = check_aftermath(backend, scenario, cast, before, after, point.told)
        points.append((point, done))
    was_done = [done for _, done in points]
    assert was_done == sorted(was_done), f"done, and then undone: {points}"
    return points


def check_unnoticed(
    scenario: Scenario, name: str, fail: BreakOff, steps: Iterable[int] | None = None
) -> list[Cast]:
    """Have something befall a scenario at one step after another that its client does not notice.

    Fails unless each is answered, and its retry by the same; returns the people it was done with.
    """
    casts: list[Cast] = []
    for number in itertools.count() if steps is None else steps:
        cast = scenario.cast(f"{name}{number}")
        forget()
        point = fail(cast, number)
        if point is None:
            break
        assert point.told is not None, point
        assert is_answer(scenario, point.told), point
        forget()
        if scenario.refusal is None:
            response = scenario.send(cast, KEY)
            _check_retry(scenario, response, was_done=True)
            assert not scenario.takes_key or response.content == point.told.content
        casts.append(cast)
    return casts


def check_done(backend: PersistenceBackend, casts: Collection[Cast], after: Any) -> None:
    """Fail unless all of these people have what a scenario leaves, once, and all rows fit."""
    assert casts
    found = look(
        backend,
        [cast.customer.ecosystem_id for cast in casts],
        [cast.admin.ecosystem_id for cast in casts],
    )
    check_rows(found)
    for cast in casts:
        assert shape(found, cast) == after
